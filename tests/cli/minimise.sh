# kiln minimise: from a .config that fails to the options that are to blame.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../fake.sh"

# planted DIR GREP: a kernel with 300 further options, whose boot panics when its .config has a line of each of the
# patterns, and whose build fails with FAULT_BUILD.
planted() {
	local dir=$1 condition=true pattern
	shift
	for pattern in "$@"; do condition="$condition \&\& grep -q $pattern \$(config)"; done
	fake_source "$dir" "${GOOD_BOOT[@]}"
	printf '%s\n' "[    0.1] Kernel panic - not syncing: planted" "[    0.1] ---[ end Kernel panic - not syncing: planted ]---" "@hang" >"$dir/panic.script"
	sed -i "s,{ cat \$(srctree)/boot.script;,{ if $condition; then cat \$(srctree)/panic.script; else cat \$(srctree)/boot.script; fi;," "$dir/Makefile"
	for i in $(seq 300); do
		printf 'config OPT_%d\n\tbool "Option %d"\n' "$i" "$i"
		case $i in
		250) echo "	depends on OPT_9 && OPT_LIB" ;;
		300) printf 'config OPT_LEFT\n\tbool "Left out"\n\tdefault y\n\tdepends on OPT_299\n' ;;
		esac
		echo
	done >>"$dir/drivers/Kconfig"
	printf 'config OPT_LIB\n\tbool\n\nconfig OPT_USER\n\tbool "Selects"\n\tselect OPT_LIB\n' >>"$dir/drivers/Kconfig"
}
fake_config many $(for i in $(seq 300); do echo "CONFIG_OPT_$i=y"; done) CONFIG_OPT_USER=y '# CONFIG_OPT_LEFT is not set'
build_count() { grep -c '^start build' "$WORK/err"; }
lines() { grep -v '^#' "$WORK/out" | sort | tr '\n' ' '; }

planted "$WORK/one" '^CONFIG_OPT_137=y'
run 1 "a run that fails" "$KILN" run --arch fake --config many --board paper --source "$WORK/one"
run 0 "one guilty option" "$KILN" minimise fake/many/gcc@paper --good good
is "$(lines)" "CONFIG_OPT_137=y " "is found"
out_has "# kiln run --arch fake --config $KILN_HOME/minimise/" "with the command that shows it"
err_has "301 options differ" "says how many there were"
err_has "301 of 301 options: fails in the same way (1 build so far)" "all of them are the .config that failed, which is built"
run 0 "a second call" "$KILN" minimise many/gcc@paper --good good --json
is "$(json "$WORK/out" '(j["options"], j["steady"], j["differing"])')" "(['CONFIG_OPT_137=y'], True, 301)" "gives the same as JSON"
is "$(json "$WORK/out" 'j["builds"] <= 25')" True "it took 25 builds at most"
echo "# $(json "$WORK/out" 'j["builds"]') builds, $(json "$WORK/out" 'j["trials"]') trials"
cp "$WORK/out" "$WORK/result.json"
run 0 "kiln show" "$KILN" show --json
is "$(json "$WORK/out" 'j["builds"][0]["build"].split("/")[2]')" many "shows the run that failed, not the trials"
run 0 "kiln report" "$KILN" report
out_lacks "minimise-" "has no trials either"
run 1 "the reproducer" bash -c "PATH=$(dirname "$KILN"):\$PATH; $(json "$WORK/result.json" 'j["reproduce"][0]')"
out_has "planted" "fails in the same way"
is "$(grep -c OPT_ "$KILN_HOME"/minimise/*/fragment.config)" 1 "the fragment is kept"
is "$(grep -c '^CONFIG_OPT_.*=y' "$KILN_HOME"/minimise/*/minimal.config)" 1 "and the .config"

planted "$WORK/two" '^CONFIG_OPT_20=y' '^CONFIG_OPT_281=y'
run 1 "two that are needed together" "$KILN" run --arch fake --config many --board paper --source "$WORK/two"
run 0 "are found" "$KILN" minimise fake/many/gcc@paper --good good
is "$(lines)" "CONFIG_OPT_20=y CONFIG_OPT_281=y " "both"

# On a machine of another size the trials are made on such a one.
planted "$WORK/deep" '^CONFIG_OPT_250=y'
run 1 "one with dependencies" "$KILN" run --arch fake --config many --board paper --memory 256 --source "$WORK/deep"
run 0 "is found" "$KILN" minimise fake/many/gcc@paper,memory=256 --good good
is "$(lines)" "CONFIG_OPT_250=y CONFIG_OPT_9=y CONFIG_OPT_USER=y " "with what it needs"
out_has "--memory 256" "on that machine"

# A build that fails.
fake_config many-broken $(for i in $(seq 300); do echo "CONFIG_OPT_$i=y"; done) CONFIG_BROKEN_BUILD=y
run 1 "a build that fails" "$KILN" run --arch fake --config many-broken --board paper --source "$WORK/one"
run 0 "is minimised by its first error" "$KILN" minimise fake/many-broken/gcc --good good
is "$(lines)" "CONFIG_BROKEN_BUILD=y " "to the option that breaks it"

# Trials are built out of the objects of those before; where these mislead, the result shows it, built from clean.
planted "$WORK/stale" '^CONFIG_OPT_137=y'
sed -i 's,{ if \(true[^;]*\); then,{ if [ -e $(b)/stale ] || { \1; }; then touch $(b)/stale;,' "$WORK/stale/Makefile"
run 1 "a tree that makes a fault stay" "$KILN" run --arch fake --config many --board paper --source "$WORK/stale"
run 0 "is minimised" "$KILN" minimise fake/many/gcc@paper --good good --json
is "$(json "$WORK/out" '(j["options"], j["steady"])')" "(['CONFIG_OPT_137=y'], True)" "to the guilty option all the same"
err_has "all over, each built from clean" "after it was misled"
is "$(find "$KILN_HOME"/minimise -name objects | wc -l)" 0 "no objects are left"

# What cannot be minimised.
run 2 "a build that did not fail" "$KILN" minimise fake/many/gcc
err_has "BUILD@BOARD" "says what to name"
run 2 "nothing of that name" "$KILN" minimise fake/none/gcc@paper
err_has "kiln show" "says where names come from"
run 2 "no name" "$KILN" minimise
run 2 "a good config that fails too" "$KILN" minimise fake/many-broken/gcc --good broken
err_has "it fails in the same way" "is refused"
run 2 "one that is not there" "$KILN" minimise fake/many-broken/gcc --good none
cp "$KILN_HOME"/builds/*/fake/many-broken/gcc/config "$WORK/same.config"
run 2 "the same config" "$KILN" minimise fake/many-broken/gcc --good "$WORK/same.config"
err_has "no option differs" "says so"
planted "$WORK/mended" '^CONFIG_NEVER=y'
run 2 "a source that is mended" "$KILN" minimise fake/many/gcc@paper --good good --source "$WORK/mended"
err_has "does not fail now" "says so"
planted "$WORK/other" '^CONFIG_OPT_137=y'
sed -i 's/planted/something else/' "$WORK/other/panic.script"
run 2 "one that fails in another way" "$KILN" minimise fake/many/gcc@paper --good good --source "$WORK/other"
err_has "fails in another way now" "says so"

# Interrupted by kill -9, it goes on.
planted "$WORK/again" '^CONFIG_OPT_77=y'
run 1 "another fault" "$KILN" run --arch fake --config many --board paper --source "$WORK/again"
: >"$WORK/log"
"$KILN" minimise fake/many/gcc@paper --good good >"$WORK/log" 2>&1 </dev/null &
pid=$!
until_true 600 grep -q "of 301 options" "$WORK/log"
sleep 1
kill -KILL $pid
wait $pid 2>/dev/null
before=$(cat "$KILN_HOME"/minimise/*/trials.jsonl | sort -u | wc -l)
run 0 "after kill -9" "$KILN" minimise fake/many/gcc@paper --good good --json
is "$(json "$WORK/out" 'j["options"]')" "['CONFIG_OPT_77=y']" "it goes on"
is "$(json "$WORK/out" 'j["builds"] <= 25')" True "and builds nothing twice"
finish
