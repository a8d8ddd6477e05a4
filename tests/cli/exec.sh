# kiln exec: programs of other architectures, really run by qemu-user, with no root and in one that a little tree stands for.
. "$(dirname "$0")/../lib.sh"
lib=$TESTS/../guest-init
export KILN_DATA=${KILN_DATA:-$(cd "$TESTS/.." && pwd)}

# What is run: its arguments are what to do, one letter each.
cat >"$WORK/do.c" <<'C'
#include "text.h"
#include "sys.h"

int main(int argc, char **argv, char **envp);

static void say(const char *text)
{
	size_t n = 0;

	while (text[n])
		n++;
	sys_write(1, text, n);
	sys_write(1, "\n", 1);
}

static void show(const char *path)
{
	char text[256];
	long fd = sys_open(path, SYS_RDONLY), n = fd < 0 ? fd : sys_read((int)fd, text, sizeof(text));

	if (n < 0)
		say("cannot open it");
	else
		sys_write(1, text, (size_t)n);
}

int main(int argc, char **argv, char **envp)
{
	char text[256];

	for (int i = 1; i < argc; i++) {
		if (argv[i][0] == 'e') /* the environment */
			for (char **e = envp; *e; e++)
				say(*e);
		else if (argv[i][0] == 'a')
			say(argv[0]);
		else if (argv[i][0] == 'r') /* rFILE */
			show(argv[i] + 1);
		else if (argv[i][0] == 'm') /* mDIRECTORY */
			say(sys_mkdir(argv[i] + 1, 0755) < 0 ? "cannot make it" : "made");
		else if (argv[i][0] == 'k') /* by SIGTERM */
			sys_kill(sys_getpid(), SYS_SIGTERM);
		else if (argv[i][0] == 'i') /* all of stdin */
			for (long n; (n = sys_read(0, text, sizeof(text))) > 0;)
				sys_write(1, text, (size_t)n);
		else if (argv[i][0] == 'w') /* until a signal */
			for (say("waiting");;)
				sys_read(0, text, 1);
		else if (argv[i][0] == 'x') /* xSTATUS, one digit */
			sys_exit(argv[i][1] - '0');
	}
	return 0;
}
C
# compile OUT PREFIX FLAG...
compile() {
	local out=$1 prefix=$2
	shift 2
	"${prefix}gcc" -Os -ffreestanding -fno-stack-protector -fno-pic -fno-pie -no-pie -static -nostdlib \
		-Wl,-e,_start -I"$lib" -I"$lib/lib" "$WORK/do.c" "$lib"/lib/*.c -o "$out" "$@" ||
		echo "# $out was not compiled"
}
arm64=aarch64-linux-gnu- mips=mips64el-linux-gnuabi64-
mkdir -p "$WORK/here" "$WORK/elsewhere"
cd "$WORK/here" || exit 1
compile do "$arm64"
compile mips "$mips" -mabi=64 -march=mips64r2 -EL
cp do "$WORK/elsewhere/far"
echo 'const char interp[] __attribute__((section(".interp"))) = "/lib/ld-tiny.so.1";' >"$WORK/interp.c"
compile dynamic "$arm64" "$WORK/interp.c"
echo text >file
exec_arm64() { "$KILN" exec --arch arm64 -- "$@"; }

run 0 "a program for arm64" exec_arm64 ./do a
out_has ./do "has its own name"
run 0 "and for mips64el" "$KILN" exec --arch mips64el -- ./mips a "r$PWD/file"
out_has text "sees the current directory"
run 7 "its exit status" exec_arm64 ./do x7
run 143 "a signal that ended it" bash -c '"$0" exec --arch arm64 -- ./do k; exit $?' "$KILN"
is "$(echo in | exec_arm64 ./do i)" in "its standard input"
run 0 "what it writes" exec_arm64 ./do mmade
test -d made; ok $? "is there for the caller"
run 0 "one of another directory" exec_arm64 "$WORK/elsewhere/far" "r$WORK/elsewhere/far" "m$WORK/elsewhere/no" r/etc/passwd
out_has "cannot make it" "which cannot be written"
out_has "cannot open it" "and the host's files are not there"
run 0 "one that PATH finds" env PATH="$WORK/elsewhere:$PATH" "$KILN" exec --arch arm64 -- far a
out_has "$WORK/elsewhere/far" "is named by its place"
if [ "$(uname -m)" != aarch64 ]; then
	run 0 "the emulated CPU" env -u QEMU_CPU "$KILN" exec --arch arm64 -- ./do e
	out_has "QEMU_CPU=max,pauth-impdef=on" "is the one of the catalogue"
	run 0 "another" env QEMU_CPU=cortex-a72 "$KILN" exec --arch arm64 -- ./do e
	out_has "QEMU_CPU=cortex-a72" "may be asked for"
fi
run 0 "the environment" env GIVEN=1 LD_PRELOAD= TMPDIR=/nowhere "$KILN" exec --arch arm64 -- ./do e
out_has GIVEN=1 "is passed on"
out_has HOME=/tmp "with a home of its own"
out_has "PWD=$PWD" "and the directory"
out_lacks TMPDIR "without what is not there"
out_lacks LD_PRELOAD "and what loads the host's libraries"
run 0 "another directory" "$KILN" exec --arch arm64 --bind "$WORK/elsewhere" -- ./do "r$WORK/elsewhere/far"
out_has ELF "can be made visible"

# A signal that is sent to kiln, and one of the terminal.
"$KILN" exec --arch arm64 -- ./do w >"$WORK/waits" &
pid=$!
until_true 50 grep -q waiting "$WORK/waits"
kill -TERM "$pid"
wait "$pid" 2>"$WORK/err"
is $? 143 "a signal is passed on"
cat >"$WORK/terminal.py" <<'PY'
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
seen = b""
while b"waiting" not in seen:
    seen += os.read(fd, 100)
os.write(fd, b"\x03")
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PY
is "$(python3 "$WORK/terminal.py" "$KILN" exec --arch arm64 -- ./do w)" -2 "and Ctrl-C of a terminal"

# As Go starts it.
mkdir -p "$WORK/bin"
ln -s "$KILN" "$WORK/bin/go_linux_mips64le_exec"
ln -s "$KILN" "$WORK/bin/go_linux_vax_exec"
run 5 "by a name of Go's" "$WORK/bin/go_linux_mips64le_exec" ./mips x5
run 5 "and again, by what was kept" "$WORK/bin/go_linux_mips64le_exec" ./mips x5
run 2 "by a name of nobody's" "$WORK/bin/go_linux_vax_exec" ./mips
err_has '"go: vax"' "which is said"
# An heir easily has its parent's name.
for name in $("$KILN" catalog list arch | awk '{ print $2 }'); do
	"$KILN" catalog show arch "$name" --json | python3 -c 'import json, sys; print(json.load(sys.stdin).get("go") or "")'
done | grep . | sort | uniq -d >"$WORK/out"
is "$(cat "$WORK/out")" "" "no two architectures have one name of Go's"

# What is wrong.
run 2 "no such architecture" "$KILN" exec --arch vax -- ./do
err_has 'kiln catalog list arch' "says where they are"
run 2 "no architecture" "$KILN" exec -- ./do
err_has '--arch ARCH' "says the option"
run 2 "no program" "$KILN" exec --arch arm64
run 2 "a program that is not there" exec_arm64 ./nothing
err_has "./nothing: there is no such program" "is named"
run 2 "another architecture" exec_arm64 ./mips
err_has "say --arch mips64el" "is recognised"
run 2 "a text" exec_arm64 ./file
err_has "neither an ELF program nor a script" "is none"
head -c 100 do >short; chmod +x short
run 2 "half a program" exec_arm64 ./short
err_has "is cut short" "is none either"
cp do closed; chmod a-x closed
run 2 "a file that is not executable" exec_arm64 ./closed
err_has "chmod +x" "says so"
run 2 "no such root" "$KILN" exec --root nowhere -- ./do
err_has "kiln root list" "says where they are"
run 2 "a dynamic program without a root" exec_arm64 ./dynamic
err_has "wants /lib/ld-tiny.so.1" "names the interpreter"
err_has "kiln root make debian-trixie-arm64" "and the way to a root"
run 2 "without qemu-user" env PATH="$WORK/bin" "$KILN" exec --arch arm64 -- ./do
err_has "apt-get install qemu-user-static" "names the package"
run 0 "and with it again" exec_arm64 ./do
run 2 "--bind of what is no absolute path" "$KILN" exec --arch arm64 --bind here -- ./do
(cd /proc && "$KILN" exec --arch arm64 -- "$WORK/here/do") >"$WORK/out" 2>"$WORK/err"
is $? 2 "in a directory that cannot be shown"
err_has "go to a directory" "says so"
(cd / && exec_arm64 "$WORK/here/do" x4)
is $? 4 "in / nothing is bound over it"

# A root: one that a recipe of the user's is made of by hand.
mkdir -p "$XDG_CONFIG_HOME/kiln/catalog/root"
cat >"$XDG_CONFIG_HOME/kiln/catalog/root/little.yaml" <<'Y'
arch: arm64
base: debian
suite: trixie
packages: [none]
Y
run 2 "a root that is not made" "$KILN" exec --root little -- ./do
err_has "kiln root make little" "says how"
id=little-0123456789ab
tree=$KILN_HOME/roots/$id/tree
mkdir -p "$tree/bin" "$tree/lib" "$tree/tmp" "$tree/proc" "$tree/dev" "$KILN_HOME/roots/recipe"
cp do "$tree/bin/inside"
echo of the root >"$tree/lib/note"
echo "{\"id\": \"$id\", \"arch\": \"arm64\"}" >"$KILN_HOME/roots/$id/root.json"
ln -s "../$id" "$KILN_HOME/roots/recipe/$(sed -n 's/^recipe //p' "$KILN_HOME/cache/ways/root-little")"
run 0 "a program of the root" "$KILN" exec --root little -- inside a r/lib/note "r$PWD/file"
out_has "of the root" "sees the root"
out_has text "and the current directory"
run 0 "the host's own in the root" "$KILN" exec --arch arm64 --root little -- ./do r/lib/note
out_has "of the root" "sees it, too"
run 6 "kiln root run" "$KILN" root run little -- /bin/inside x6
run 2 "a root of another architecture" "$KILN" exec --arch mips64el --root little -- ./mips
err_has "the root little is for arm64" "is refused"
run 2 "an interpreter that the root lacks" "$KILN" exec --root little -- ./dynamic
err_has "which the root little does not have" "is said"
mkdir -p "$tree$WORK/taken" "$WORK/taken"; touch "$tree$WORK/taken/file"
(cd "$WORK/taken" && "$KILN" exec --root little -- inside) >"$WORK/out" 2>"$WORK/err"
is $? 2 "a directory that would hide the root's"
err_has "would hide" "is refused"
echo 'description: other' >>"$XDG_CONFIG_HOME/kiln/catalog/root/little.yaml"
run 0 "words for people make no other root" "$KILN" exec --root little -- inside
sed -i 's/none/some/' "$XDG_CONFIG_HOME/kiln/catalog/root/little.yaml"
run 2 "another recipe is another root" "$KILN" exec --root little -- inside
err_has "not made yet" "which is noticed at once"

# Where nobody may make namespaces, as on a host whose sysctl says so.
if unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_user_namespaces' 2>"$WORK/err"; then
	unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_user_namespaces; exec "$@"' sh "$KILN" exec --arch arm64 -- ./do >"$WORK/out" 2>"$WORK/err"
	is $? 3 "no user namespaces"
	err_has max_user_namespaces "names the switch"
else
	skip "no user namespaces" "this test itself may make none"
fi
finish
