# kiln run, plan, show and log on a farm in little.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../fake.sh"
source=(--source "$WORK/linux")

run 0 "a plan configures and builds nothing" "$KILN" plan little "${source[@]}"
out_has "NOISY_BUILD is not set, y is required; set it with the fragment noisy" "says why a board does not match"
out_has "2 builds: 2 build" "and what would be built"
is "$(ls "$KILN_HOME/builds" 2>/dev/null)" "" "and builds nothing"

run 0 "a run builds and boots" "$KILN" run little "${source[@]}"
out_has "boots: 3 pass, 1 skip" "each build on each board that fits"
out_has "$KILN_HOME/builds" "says where the artefacts are"
build=$(ls -d "$KILN_HOME"/builds/*/fake/noisy/gcc)
[ -s "$build/bzImage" ] && [ -s "$build/vmlinux" ] && [ -s "$build/config" ] && [ -s "$build/build.log" ] && [ -s "$build/record.json" ]
ok $? "the build's directory has all its parts"
is "$(readlink "$build/bzImage" | cut -d/ -f1-6)" "../../../../../depot" "as links into the depot"

run 0 "show as JSON" "$KILN" show --json
cp "$WORK/out" "$WORK/first.json"
is "$(json "$WORK/first.json" 'sorted((b["board"], b["verdict"], b["runner"]) for b in j["boots"])')" \
	"[('card', 'pass', 'local'), ('card', 'skip', 'local'), ('paper', 'pass', 'local'), ('paper', 'pass', 'local')]" "has the boots"
is "$(json "$WORK/first.json" 'all(len(b["build_id"]) == 40 for b in j["builds"])')" True "and the build-ids"

run 0 "a second run" "$KILN" run little "${source[@]}"
out_lacks "start build" "builds nothing"
out_has "start boot" "and boots anew"
run 0 "a run with --reuse-boots" "$KILN" run little "${source[@]}" --reuse-boots
out_lacks "start" "starts nothing"
out_has "3 pass, 1 skip" "and shows the same"

run 0 "the log of a build by the end of its name" "$KILN" log fake/noisy/gcc
out_has "drivers/noisy.o" "is the build's log"
run 0 "the log of a boot" "$KILN" log fake/good/gcc@paper
out_has "KILN-GUEST-DONE" "is its console"

run 1 "a kernel that does not compile is a fail" "$KILN" run --arch fake --config broken "${source[@]}"
out_has "drivers/broken.c" "with the first error"
out_has "kiln log" "and the command that shows the log"
out_has "its build failed" "its boards are skipped"
# The same build with an option that breaks it, and without.
run 1 "an option may break a build" "$KILN" run --arch fake --config good --board paper "${source[@]}" --option KCFLAGS=-fno-such-flag
broken=$(sed -n 's/^run //p' "$WORK/out")
good=$(ls -d "$KILN_HOME"/builds/*/fake/good/gcc)
[ ! -e "$good/bzImage" ] && [ ! -L "$good/bzImage" ] && [ -s "$good/build.log" ]
ok $? "no image of another build stays beside its log"
first=$("$KILN" show --list | sed -n '$s/ .*//p')
run 0 "its log by its run" "$KILN" log "$broken:good/gcc"
out_has "-fno-such-flag" "is its own"
run 0 "the log of the same build in an earlier run" "$KILN" log "$first:fake/good/gcc"
out_lacks "-fno-such-flag" "is another"
run 2 "a run that there is not" "$KILN" log 00000000-none:fake/good/gcc
err_has "kiln show --list" "says where runs come from"
run 0 "without it" "$KILN" run --arch fake --config good --board paper "${source[@]}"
[ -s "$good/bzImage" ] && [ -s "$good/config" ]
ok $? "the image is linked again"

fake_source "$WORK/panics" "[    0.1] Kernel panic - not syncing: No working init found." "[    0.1] ---[ end Kernel panic - not syncing ]---" "@hang"
run 1 "a kernel that panics is a fail" "$KILN" run --arch fake --config good --board paper --source "$WORK/panics" --json
is "$(json "$WORK/out" 'j["boots"][0]["verdict"] + " " + str("panic" in j["boots"][0]["signature"])')" "fail True" "with its signature"

run 2 "a filter that leaves nothing" "$KILN" run little "${source[@]}" --config broken
err_has "nothing is left" "says so"
run 2 "a board of another arch" "$KILN" run little "${source[@]}" --board arm64-virt
run 2 "a directory that is no kernel" "$KILN" run little --source "$WORK/bin"
err_has "kernel" "is refused"

# Missing programs.
sed 's/fake/gone/; s/prefix: ""/prefix: gone-linux-gnu-/; s/package: gcc/package: gcc-gone/; s/qemu: .*/qemu: gone/' "$catalog/arch/fake.yaml" >"$catalog/arch/gone.yaml"
run 2 "a missing compiler" "$KILN" run --arch gone,fake --config good "${source[@]}"
err_has "gone-linux-gnu-gcc" "is named"
err_has "gcc-gone" "with its package"
run 3 "with --keep-going the rest is done" "$KILN" run --arch gone,fake --config good "${source[@]}" --keep-going
out_has "2 builds: 1 pass, 1 infra" "and the missing one is infra"
rm "$catalog/arch/gone.yaml"

# A .config of the user's own.
cp "$build/config" "$WORK/my.config"
run 0 "a .config is a config" "$KILN" run --arch fake --config "$WORK/my.config" --board card "${source[@]}"
out_has "fake/my.config/gcc" "named after its file"
run 2 "it needs its architecture" "$KILN" run --config "$WORK/my.config" "${source[@]}"
err_has "--arch" "and says so"
run 3 "a .config that is not there" "$KILN" run --arch fake --config "$WORK/none.config" "${source[@]}"

# A work tree, warm.
run 0 "a warm build" "$KILN" run --arch fake --config good --board paper "${source[@]}" --warm --json
is "$(json "$WORK/out" 'j["builds"][0]["warm"]')" True "says so in its record"
run 2 "warm needs a directory" "$KILN" run little --source deb:nothing --warm
finish
