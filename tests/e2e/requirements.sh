# Every symbol that a board or rootfs requires or prefers is one that the real kernel's Kconfig files know for its architecture.
. "$(dirname "$0")/../lib.sh"
shared_home
SOURCE=${KILN_E2E_SOURCE:-deb:linux-source-6.1}
run 0 "the source is there" "$KILN" plan --arch x86_64 --config tiny --board x86_64-pc --source "$SOURCE" --json
id=$(json "$WORK/out" 'j["builds"][0]["build"].split("/")[0]')
tree=$KILN_HOME/sources/$id/tree
version=$(sed -n 's/^VERSION = //p; s/^PATCHLEVEL = //p' "$tree/Makefile" | paste -sd.)

for kind in arch board rootfs; do
	for name in $("$KILN" catalog list "$kind" --json | jq -r '.[].name'); do
		"$KILN" catalog show "$kind" "$name" --json
	done | jq -s . >"$WORK/$kind"
done
unknown() {
	python3 - "$tree" "$version" "$WORK" <<'END'
import collections, json, os, re, sys

tree, version, work = sys.argv[1], tuple(map(int, sys.argv[2].split('.'))), sys.argv[3]
known = collections.defaultdict(set)  # of an architecture's directory, '' of all
sources = set()                       # of device trees
for folder, _, files in os.walk(tree):
    sources.update(name for name in files if name.endswith('.dts'))
    for name in files:
        if not name.startswith('Kconfig'):
            continue
        part = os.path.relpath(folder, tree).split(os.sep)
        arch = part[1] if part[0] == 'arch' and len(part) > 1 else ''
        with open(os.path.join(folder, name), errors='replace') as text:
            known[arch].update(re.findall(r'^\s*(?:menu)?config\s+(\w+)', text.read(), re.M))

def applies(ranges):
    low, dots, high = ranges.strip().partition('..')
    number = lambda v: tuple(map(int, v.split('.')))[:2]
    return (not low or number(low) <= version) and (not (high if dots else low) or version <= number(high if dots else low))

def symbols(entry):
    for r in entry.get('require', []) + (entry.get('prefer') or []):
        for alternative in (r['require'] if isinstance(r, dict) else r).split('||'):
            what, at, ranges = alternative.partition('@')
            if not at or applies(ranges):
                yield re.match(r'\s*!?(\w+)', what).group(1)

srcarch = {a['name']: a['srcarch'] for a in json.load(open(work + '/arch'))}
for kind in 'board', 'rootfs':
    for entry in json.load(open(f'{work}/{kind}')):
        if not applies(entry.get('kernel') or '..'):
            continue
        here = known[srcarch[entry['arch']]] if kind == 'board' else set()
        for symbol in symbols(entry):
            if symbol not in known[''] | here:
                print(f'{kind} {entry["name"]}: Linux {sys.argv[2]} has no {symbol}')
        if entry.get('dtb') and entry['dtb'][:-4] + '.dts' not in sources:
            print(f'{kind} {entry["name"]}: Linux {sys.argv[2]} has no source of {entry["dtb"]}')
END
}
unknown >"$WORK/out" && [ ! -s "$WORK/out" ]
ok $? "Linux $version knows every symbol of the catalogue's requirements, and the boards' device trees"
finish
