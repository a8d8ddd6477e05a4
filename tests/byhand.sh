# Roots that are made by hand, in no time. Source it after lib.sh.
# shellcheck shell=bash
export KILN_DATA=${KILN_DATA:-$(cd "$TESTS/.." && pwd)}
catalog=$XDG_CONFIG_HOME/kiln/catalog
mkdir -p "$catalog/root" "$catalog/layer" "$KILN_HOME/roots/recipe"

# recipe NAME ARCH: one of the user's, for a root that nobody can make but made.
recipe() { printf 'arch: %s\nbase: debian\nsuite: %s\npackages: [none]\nprefix: aarch64-linux-gnu-\n' "$2" "$1" >"$catalog/root/$1.yaml"; }
# made NAME ARCH: the root of that recipe is there, and empty; $tree is its tree. What a recipe is called by shows in the way that
# is kept of it.
made() {
	local id=$1-0123456789ab
	recipe "$1" "$2"
	tree=$KILN_HOME/roots/$id/tree
	mkdir -p "$tree"/{proc,dev,tmp,usr/bin}
	ln -s usr/bin "$tree/bin"
	echo "{\"id\": \"$id\", \"arch\": \"$2\", \"digest\": \"$1\"}" >"$KILN_HOME/roots/$id/root.json"
	"$KILN" root run "$1" -- true 2>/dev/null
	ln -s "../$id" "$KILN_HOME/roots/recipe/$(sed -n 's/^recipe //p' "$KILN_HOME/cache/ways/root-$1")"
}
# arm64_program OUT <SOURCE: compiles a static one, of no library but guest-init's.
arm64_program() {
	local lib=$TESTS/../guest-init
	aarch64-linux-gnu-gcc -Os -ffreestanding -fno-stack-protector -fno-pic -fno-pie -no-pie -static -nostdlib -Wl,-e,_start \
		-I"$lib" -I"$lib/lib" -x c - -x none "$lib"/lib/*.c -o "$1" || echo "# $1 was not compiled"
}
# arm64_does OUT STATEMENT...: a program that does that.
arm64_does() {
	local out=$1
	shift
	printf '%s\n' '#include "sys.h"' 'int main(int argc, char **argv, char **envp);' \
		'int main(int argc, char **argv, char **envp)' '{' "$@" '}' | arm64_program "$out"
}
# What QEMU knows from 8.2 on: the memory copies of Armv8.8, here of no byte.
NEWER_INSTRUCTION='register long n __asm__("x2") = 0;
	__asm__ volatile(".inst 0x19010440, 0x19410440, 0x19810440" : "+r"(n));
	return 0;'
# It takes away all memory that there is, QEMU itself included, which dies of it.
KILLS_QEMU='register long call __asm__("x8") = 215, at __asm__("x0") = 0x10000, n __asm__("x1") = 0x7fff00000000;
	__asm__ volatile("svc 0" : "+r"(at) : "r"(call), "r"(n) : "memory");
	return 0;'
