# Why options were dropped, asked of the real kernel's Kconfig files.
. "$(dirname "$0")/../lib.sh"
shared_home
test=$(dirname "$KILN")/tests/unit/test-kconfig
run 0 "the source is there" "$KILN" plan smoke --source deb:linux-source-6.1 --arch x86_64
tree=$(ls -d "$KILN_HOME"/sources/linux-source-6.1-*/tree | head -n 1)
CMOCKA_MESSAGE_OUTPUT=TAP KILN_TEST_TREE=$tree "$test" >"$WORK/out" 2>"$WORK/err"
grep -q '^ok [0-9]* - a_real_tree_gives_its_reasons' "$WORK/out"
ok $? "the real tree gives its reasons"

# The programs that make a .config, kept from one configure step to the next: with them and without, the same .config.
id=$(basename "$(dirname "$tree")")
homes=$(mktemp -d "$(dirname "$KILN_HOME")/kconfig-XXXXXX") # beside the source, for hard links
trap 'rm -rf "$WORK" "$homes"' EXIT
home() {
	mkdir -p "$homes/$1/sources/$id"
	cp "$(dirname "$tree")/source.json" "$homes/$1/sources/$id/"
	ln -s "$tree" "$homes/$1/sources/$id/tree"
}
# configs HOME: of each config its architecture, how many did compile, and the digest of what came out.
configs() {
	python3 - "$homes/$1" <<'PY'
import glob, json, sys
for path in sorted(glob.glob(sys.argv[1] + "/records/*/*.json")):
    r = json.load(open(path))
    if r["kind"] == "configure":
        log = r["artefacts"]["log"]["digest"]
        text = open(f"{sys.argv[1]}/depot/{log[:2]}/{log}").read()
        print(r["spec"]["arch"]["name"], text.count("HOSTCC  scripts/kconfig/conf.o"), r["artefacts"]["config"]["digest"])
PY
}
digests() { configs "$1" | awk '{ print $1, $3 }' | sort; }
compiled() { configs "$1" | awk '{ n += $2 } END { print n + 0 }'; }
plan() { run 0 "$1: configure $2" "$KILN" plan --arch "$2" --config tiny --source deb:linux-source-6.1 --home "$homes/$1"; }
home cold
plan cold x86_64,arm64
home warm
plan warm x86_64
is "$(compiled warm)" 1 "the first compiles"
plan warm arm64
is "$(compiled warm)" 1 "the second does not"
is "$(digests warm)" "$(digests cold)" "and both are what they are when two at once begin with nothing"
is "$(find "$homes"/{cold,warm}/cache/kconfig -type f | wc -l)" 2 "each home keeps one"

entry=$(find "$homes/warm/cache/kconfig" -type f)
printf x | dd of="$entry" bs=1 seek=300000 conv=notrunc status=none
rm -r "$homes/warm/records"
plan warm x86_64,arm64
is "$(digests warm)" "$(digests cold)" "a damaged one changes nothing"
[ "$(compiled warm)" -ge 1 ]
ok $? "but that it is compiled again"

# Of a tree from the future only what is compiled here needs a copy of its own.
rm -r "$homes/warm/records" "$homes/warm/sources/$id/tree"
cp -al "$tree" "$homes/warm/sources/$id/tree"
future=$homes/warm/sources/$id/tree/scripts
for dir in basic kconfig; do
	rm -rf "$future/$dir" && cp -R "$tree/scripts/$dir" "$future/$dir"
	find "$future/$dir" -exec touch -d '+2 days' {} +
done
plan warm x86_64
plan warm arm64
is "$(digests warm)" "$(digests cold)" "nor does a source from the future"
is "$(compiled warm)" 2 "which is compiled each time"
finish
