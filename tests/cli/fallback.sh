# A root whose layer nobody proved: refused, or built by the root's own compiler where that was asked for. The roots are made by
# hand, and their compilers say no more than which they are.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../byhand.sh"
case $(uname -m) in
x86_64) native=x86_64 ;;
*) skip "a layer over a foreign root" "the test does not know $(uname -m)"; finish; exit ;;
esac

printf 'root: far\nfrom: own\nprefix: aarch64-linux-gnu-\ntools: ["true", outer]\ndata: ["/usr/lib/*-linux-gnu", /usr/lib64]\n' >"$catalog/layer/far.yaml"
recipe far arm64
made own "$native"
program=$(type -P true)
for name in true aarch64-linux-gnu-gcc aarch64-linux-gnu-ld; do cp -L "$program" "$tree/usr/bin/$name"; done
for library in $(ldd "$program" | grep -o '/[^ )]*'); do
	library=/usr${library#/usr}
	mkdir -p "$tree$(dirname "$library")"
	cp -Ln "$library" "$tree$library"
done
# A library that looks for its own ones where it says itself, and nowhere else.
shared() { gcc -shared -fPIC -Wl,-soname,"$1" -o "$tree/usr/lib/$native-linux-gnu/$1" -x c - -x none "${@:2}"; }
lib=$tree/usr/lib/$native-linux-gnu
echo 'int inner(void); int inner(void) { return 0; }' | shared libinner.so.1
echo 'int inner(void); int outer(void); int outer(void) { return inner(); }' |
	shared libouter.so.1 "$lib/libinner.so.1" -Wl,--enable-new-dtags "-Wl,-rpath,\$ORIGIN/nowhere"
echo 'int outer(void); int main(void) { return outer(); }' |
	gcc -x c - -x none -L"$lib" -l:libouter.so.1 "-Wl,-rpath-link,$lib" -o "$tree/usr/bin/outer"
arm64_does "$WORK/say" 'return sys_write(1, "emulated 1.2\n", 13) != 13;'
for root in bare far; do
	made $root arm64
	for name in true outer aarch64-linux-gnu-gcc aarch64-linux-gnu-ld; do cp "$WORK/say" "$tree/usr/bin/$name"; done
done
cp -R "$TESTS/fake-kernel" "$WORK/linux"
plan() { "$KILN" plan --arch arm64 --config tiny --board arm64-virt --source "$WORK/linux" "$@"; }
# builds: what the plan's document says of each build.
builds() { json "$WORK/out" '" ".join(b["build"].split("/", 1)[1] + ":" + b["verdict"] for b in j["builds"])'; }

mkdir -p "$WORK/bin" && ln -s /usr/bin/* "$WORK/bin" && rm "$WORK/bin/patchelf"
run 2 "without patchelf" env PATH="$WORK/bin" "$KILN" plan --arch arm64 --config tiny --source "$WORK/linux" --toolchain root-fast --root far
err_has "apt-get install patchelf" "the package is named"
err_has "--toolchain root, or --fallback" "and what goes without"
run 3 "without patchelf, with --fallback" env PATH="$WORK/bin" "$KILN" plan --arch arm64 --config tiny --board arm64-virt \
	--source "$WORK/linux" --toolchain root-fast --root far --fallback --json
is "$(builds)" "arm64/tiny/root-fast+far:skip arm64/tiny/root+far:infra" "the root's own compiler is taken"
run 2 "a layer that nobody proved" plan --toolchain root-fast --root far
err_has "not proved yet that gcc of the layer of far compiles" "is refused"
err_has "kiln root verify far --source SOURCE" "with what proves it"
err_has "--toolchain root, or --fallback" "and what goes without"
run 2 "a root without a layer" plan --toolchain root-fast --root bare
err_has "the catalogue has no layer for the root bare" "is refused, too"

run 2 "nor is it laid over a root that is entered" "$KILN" root run far --fast -- true
err_has "kiln root verify far --source SOURCE" "for the same reason"
run 2 "a root without a layer" "$KILN" root run bare --fast -- true
err_has "the catalogue has no layer for the root bare" "has none then, too"
run 2 "a root that is not made" "$KILN" root run debian-trixie-armel --fast -- true
err_has "make it with: kiln root make debian-trixie-armel" "is not made on the way"

# Their configuration fails, for they have no make; what is asked of which root is what counts here.
run 3 "with --fallback" plan --toolchain root-fast --root far --fallback --json
is "$(builds)" "arm64/tiny/root-fast+far:skip arm64/tiny/root+far:infra" "the root's own compiler is taken, under its own name"
is "$(json "$WORK/out" 'j["builds"][0]["reason"]' | grep -c 'built by root+far in its place: it is not proved yet')" 1 "and the reason is kept"
run 3 "in words" plan --toolchain root-fast --root far --fallback
out_has "built by root+far in its place" "it is said, too"
run 3 "where both were asked for" plan --toolchain root,root-fast --root far --fallback --json
is "$(builds)" "arm64/tiny/root+far:infra arm64/tiny/root-fast+far:skip" "there is one of each"
run 3 "of a root without a layer" plan --toolchain root-fast --root bare --fallback --json
is "$(builds)" "arm64/tiny/root-fast+bare:skip arm64/tiny/root+bare:infra" "likewise"
run 2 "what cannot be had at all" plan --toolchain root-fast --root debian-nowhere --fallback
mkdir -p "$KILN_HOME/proofs"
layer=$(ls "$KILN_HOME/layers")
key=$(python3 - "$KILN_HOME" "$layer" <<'PY'
import glob, hashlib, json, os, sys
home, layer = sys.argv[1:]
digest = json.load(open(f"{home}/layers/{layer}/layer.json"))["digest"]
qemu = hashlib.sha256(open("/usr/bin/qemu-aarch64-static", "rb").read()).hexdigest()
identity = {"emulator": qemu, "layer": digest, "root": "far"}
print(hashlib.sha256(json.dumps(identity, separators=(",", ":"), sort_keys=True).encode()).hexdigest())
PY
)
echo '{"verdict": "fail", "reason": "2 of 44 objects differ"}' >"$KILN_HOME/proofs/$key.json"
run 2 "a proof that did not pass" plan --toolchain root-fast --root far
err_has "does not compile as the root itself does: 2 of 44 objects differ" "says what differs"
echo '{"verdict": "pa' >"$KILN_HOME/proofs/$key.json"
run 2 "half a proof" plan --toolchain root-fast --root far
err_has "cannot be read" "is none"
run 3 "with --fallback" plan --toolchain root-fast --root far --fallback --json
is "$(builds)" "arm64/tiny/root-fast+far:skip arm64/tiny/root+far:infra" "the root's own compiler is taken"
run 2 "a compiler that the recipe does not name" plan --toolchain root-fast-clang --root far --fallback
err_has "the root far has no clang; take one that has: --root debian-trixie-arm64-clang" "a root that has it is named"
run 2 "nor is it proved" "$KILN" root verify far --compiler clang --source "$WORK/linux"
err_has "the root far has no clang" "with the same words"
recipe away alpha
run 2 "where no root has it" "$KILN" root verify away --compiler clang --source "$WORK/linux"
err_has "write a recipe that inherits it, with packages that bring clang, and names it among its compilers" "it is said how to get one"
echo 'compilers: [gcc, clang]' >>"$catalog/root/far.yaml"
run 0 "a recipe that names more compilers" "$KILN" root show far
out_has far-0123456789ab "is of the root that is there"
run 2 "a proof of gcc" plan --toolchain root-fast-clang --root far
err_has "not proved yet that clang of the layer of far compiles" "proves nothing of clang"
echo '{"verdict": "pass"}' >"$KILN_HOME/proofs/$key.json"
run 3 "with a proof" plan --toolchain root-fast --root far --fallback --json
is "$(builds)" "arm64/tiny/root-fast+far:infra" "the layer is used"
run 0 "a program of the root" "$KILN" root run far -- true
out_has "emulated 1.2" "is its own"
run 0 "with --fast" "$KILN" root run far --fast -- true
is "$(cat "$WORK/out")" "" "the layer's stands in for it"
run 0 "one whose library has a RUNPATH" "$KILN" root run far --fast -- outer
is "$(cat "$WORK/out")" "" "finds its libraries in the layer, too"
finish
