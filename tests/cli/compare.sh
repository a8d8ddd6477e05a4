# kiln compare: two builds of the fake tree, which are real ELF files, and what is none.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../fake.sh"
# build SOURCE OPTION...: good/gcc with these options.
build() {
	local dir=$1 args=()
	shift
	for option; do args+=(--option "$option"); done
	"$KILN" run --arch fake --config good --board paper --source "$WORK/$dir" "${args[@]}" >"$WORK/log" 2>&1 || cat "$WORK/log"
}
newest() { sed -n 's/^run //p' "$WORK/log"; }
fake_source "$WORK/other" "${GOOD_BOOT[@]}"
sed -i 's/for (;;)/for (int i = 0; i < 7; i++)/' "$WORK/other/init/main.c"
build linux; plain=$(newest):good/gcc
build linux W=1; warned=$(newest):good/gcc
build linux KBUILD_BUILD_USER=somebody KBUILD_BUILD_VERSION=2; timed=$(newest):good/gcc
build linux KCFLAGS=-g0; bare=$(newest):good/gcc
build other; code=$(newest):good/gcc

run 0 "a build and itself" "$KILN" compare good/gcc good/gcc
out_has "the same build-id; " "are the same"
out_has "1 of 1 objects equal" "to the last object"
run 0 "another option that changes no byte" "$KILN" compare "$plain" "$warned"
out_has "the same build-id" "gives the same"
out_has "made from other options: none / W=1" "and is said"

run 1 "another user" "$KILN" compare "$plain" "$timed"
out_has "their code and data are the same" "changes no code"
out_has "kiln@kiln" "and is shown"
out_has "somebody@kiln" "with the other"
out_lacks "code: " "and nothing else"
run 1 "as JSON" "$KILN" compare "$plain" "$timed" --json
is "$(json "$WORK/out" 'j["build_id_equal"], j["same_code"], [o["path"] + " " + o["result"] + " " + ",".join(o["why"]) for o in j["objects"]]')" \
	"(False, True, ['init/main.o differs time,debug'])" "the objects and why"
is "$(json "$WORK/out" '[s["why"] for s in j["sections"] if s["name"] == ".rodata"]')" "[['time']]" "the sections and why"

run 1 "without debug information" "$KILN" compare "$plain" "$bare"
out_has "their code and data are the same" "the code is the same"
out_has "debug: " "and the cause is named"
run 1 "another function" "$KILN" compare "$plain" "$code"
out_has "they are different kernels" "is another kernel"
out_has "start_kernel" "and is named"
out_has "made from other source" "with the source"

builds=$(echo "$KILN_HOME"/builds/linux*/fake/good/gcc)
other=$(echo "$KILN_HOME"/builds/other*/fake/good/gcc)
run 0 "a file and a build" "$KILN" compare "$builds/vmlinux" "$bare"
out_has "objects are not known of the first" "says what is not known"
run 1 "two directories" "$KILN" compare "$builds" "$other"
out_has "0 of 1 objects equal" "have their objects"

run 2 "one build alone" "$KILN" compare good/gcc
err_has "name two builds" "is refused"
run 2 "no such build" "$KILN" compare good/gcc no/such/build
err_has "kiln show lists builds" "says where names come from"
run 2 "no such file" "$KILN" compare good/gcc ./vmlinux
err_has "No such file" "is named"
run 2 "a file that is no ELF" "$KILN" compare good/gcc "$builds/config"
err_has "it is no ELF file" "is named"
run 2 "a directory without a vmlinux" "$KILN" compare good/gcc "$WORK"
err_has "has no vmlinux" "is named"
head -c 3000 "$builds/vmlinux" >"$WORK/short"
run 2 "a file that was cut short" "$KILN" compare good/gcc "$WORK/short"
err_has "cut short" "says so"
: >"$WORK/empty"
run 2 "an empty file" "$KILN" compare good/gcc "$WORK/empty"
run 2 "a device" "$KILN" compare good/gcc /dev/null
err_has "is no file of a kernel" "says what to give"
cp -rL "$other" "$WORK/damaged"
chmod u+w "$WORK/damaged/objects"
echo '{"objects": 1}' >"$WORK/damaged/objects"
run 2 "a damaged list of objects" "$KILN" compare good/gcc "$WORK/damaged"
err_has "its list of objects is damaged" "is named"
run 1 "a build that failed" "$KILN" run --arch fake --config broken --source "$WORK/linux"
run 2 "has nothing to compare" "$KILN" compare broken/gcc good/gcc
err_has "kiln log broken/gcc" "and says where to look"

# A build that was made before objects were kept, and how to get them.
cp -rL "$builds" "$WORK/before"
rm -f "$WORK/before/objects"
run 1 "an older build" "$KILN" compare "$WORK/before" "$timed"
out_has "objects are not known of the first" "says that they are not known"
key=$(json "$builds/record.json" 'j["step"]')
rm -f "$KILN_HOME/records/${key:0:2}/$key.json" "$KILN_HOME"/depot/??/"$(json "$builds/record.json" 'j["artefacts"]["objects"]["digest"]')"
build linux KCFLAGS=-g0; again=$(newest):good/gcc
run 0 "after its record was removed and it was built again" "$KILN" compare "$again" good/gcc
out_has "1 of 1 objects equal" "they are"

# 32 and 64 bits.
echo 'int start_kernel(void) { return 1; }' >"$WORK/a.c"
if gcc -m32 -c -o "$WORK/a32" "$WORK/a.c" 2>"$WORK/err" && gcc -m64 -c -o "$WORK/a64" "$WORK/a.c" 2>"$WORK/err"; then
	run 1 "32 and 64 bits" "$KILN" compare "$WORK/a32" "$WORK/a64"
	out_has "machine: they are kernels of different machines" "are different machines"
else
	skip "32 and 64 bits" "the compiler here makes no 32-bit objects"
fi
finish
