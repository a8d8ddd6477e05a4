# Why options were dropped, asked of the real kernel's Kconfig files.
. "$(dirname "$0")/../lib.sh"
shared_home
test=$(dirname "$KILN")/tests/unit/test-kconfig
run 0 "the source is there" "$KILN" plan smoke --source deb:linux-source-6.1 --arch x86_64
tree=$(ls -d "$KILN_HOME"/sources/linux-source-6.1-*/tree | head -n 1)
CMOCKA_MESSAGE_OUTPUT=TAP KILN_TEST_TREE=$tree "$test" >"$WORK/out" 2>"$WORK/err"
grep -q '^ok [0-9]* - a_real_tree_gives_its_reasons' "$WORK/out"
ok $? "the real tree gives its reasons"
finish
