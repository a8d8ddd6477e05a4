#!/bin/bash
# The same steps twice give the same bytes: in another home, by another user, from another directory, with another
# environment, umask and number of jobs.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
shared_home
SOURCE=${KILN_E2E_SOURCE:-deb:linux-source-6.1}

for tool in m68k-linux-gnu-gcc qemu-system-m68k; do
	command -v $tool >/dev/null || { skip "builds that can be reproduced" "$tool is not installed"; finish; exit; }
done
run 0 "the first build" "$KILN" run --arch m68k --config tiny --source "$SOURCE" --board m68k-q800 --json
cp "$WORK/out" "$WORK/first.json"

# The paths of the records that made it: configure, init and build.
python3 - "$KILN_HOME" "$WORK/first.json" >"$WORK/records" 2>"$WORK/err" <<'PY'
import glob, json, sys
home, run = sys.argv[1], json.load(open(sys.argv[2]))
records = [(json.load(open(f)), f) for f in glob.glob(home + "/records/??/*.json")]
boot = json.load(open(glob.glob(f"{home}/records/??/*/{run['boots'][0]['attempt']}.json")[0]))
build = [(r, f) for r, f in records if r["attempt"] == run["builds"][0]["attempt"]][0]
made = lambda kind, name, digest: [f for r, f in records if r["kind"] == kind and r["verdict"] == "pass"
                                   and r["artefacts"][name]["digest"] == digest][0]
print(made("configure", "config", build[0]["spec"]["config"]))
print(made("init", "initrd", boot["spec"]["initrd"]))
print(build[1])
PY
ok $? "its three records are there"
[ "$(wc -l <"$WORK/records")" -eq 3 ] || { finish; exit; }

# The second home. A link to the source will do: a step reads it and never writes.
home=$WORK/another/home/somewhere
mkdir -p "$home/sources" "$WORK/cwd"
as=()
if [ "$(id -u)" -eq 0 ]; then
	chmod 755 "$WORK"
	as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	if "${as[@]}" test -r "$KILN_HOME/sources"; then
		chown -R 65534:65534 "$WORK/another"
	else
		echo "# $KILN_HOME is not for others to read: the second build is by the same user"
		as=()
	fi
else
	echo "# an ordinary user: the second build is by the same one"
fi
cp "$KILN" "$(dirname "$KILN")/kiln-commands" "$WORK/"
# step RECORD OUTPUT: runs the spec of a record in the second home.
step() {
	python3 -c 'import json,sys; json.dump(json.load(open(sys.argv[1]))["spec"], sys.stdout)' "$1" >"$WORK/spec.json"
	(
		cd "$WORK/cwd" && umask 077
		# What a person may have set, and a build must not see.
		exec "${as[@]}" env -i PATH="/nonexistent:$PATH" HOME="$WORK/another" USER=else LANG=de_DE.UTF-8 LC_ALL=de_DE.UTF-8 \
			TZ=Asia/Kathmandu KBUILD_BUILD_USER=kilnelse KBUILD_BUILD_HOST=kilnelse KBUILD_BUILD_TIMESTAMP=now \
			KCFLAGS=-DELSE LOCALVERSION=-else CFLAGS=-O3 MAKEFLAGS=k \
			"$WORK/kiln" step - --home "$home" --jobs 1
	) <"$WORK/spec.json" >"$2" 2>"$WORK/err"
}
# same RECORD OTHER NAME: both name the same bytes by NAME, and those of the second home are there.
same() {
	local a b
	a=$(json "$1" "j['artefacts']['$3']['digest']") b=$(json "$2" "j['artefacts']['$3']['digest']")
	is "$b" "$a" "$3 is the same"
	is "$(sha256sum <"$home/depot/${b:0:2}/$b" | cut -d' ' -f1)" "$a" "and its bytes are in the second home"
}

mapfile -t records <"$WORK/records"
for record in "${records[@]}"; do
	ln -sfn "$KILN_HOME/sources"/* "$home/sources/"
	kind=$(json "$record" 'j["kind"]')
	if [ "$kind" = init ]; then
		# Its sources come by the depot, as one object.
		digest=$(json "$record" 'j["spec"]["sources"]')
		mkdir -p "$home/depot/${digest:0:2}" && cp "$KILN_HOME/depot/${digest:0:2}/$digest" "$home/depot/${digest:0:2}/"
		[ "${#as[@]}" -eq 0 ] || chown -R 65534:65534 "$home/depot"
	fi
	step "$record" "$WORK/second.json"
	is "$?" 0 "the step $kind a second time"
	is "$(json "$WORK/second.json" 'j["step"]')" "$(json "$record" 'j["step"]')" "$kind: it is the same step"
	is "$(json "$WORK/second.json" 'j["verdict"]')" pass "$kind: it passes"
	[ "$(json "$WORK/second.json" 'j["attempt"]')" != "$(json "$record" 'j["attempt"]')" ]
	ok $? "$kind: it really ran again"
	case $kind in
	configure) same "$record" "$WORK/second.json" config ;;
	init) same "$record" "$WORK/second.json" initrd ;;
	build)
		for name in image vmlinux System.map config; do same "$record" "$WORK/second.json" $name; done
		is "$(json "$WORK/second.json" 'j["build_id"]')" "$(json "$record" 'j["build_id"]')" "the build-id is the same"
		is "$(json "$WORK/second.json" 'j["warnings"]')" "$(json "$record" 'j["warnings"]')" "and the count of warnings"
		strings -a "$home/depot/"??/"$(json "$WORK/second.json" 'j["artefacts"]["vmlinux"]["digest"]')" >"$WORK/out"
		is "$(grep -cE "$WORK|$KILN_HOME|Kathmandu|kilnelse" "$WORK/out")" 0 \
			"nothing in vmlinux names a home or what the environment said"
		;;
	esac
done
is "$(ls "$home/tmp")" "" "nothing is left in the second home's tmp"
finish
