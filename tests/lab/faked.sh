# A lab of the catalogue's that is the fake one. Source it after lib.sh and fake.sh.
# shellcheck shell=bash
lab=$WORK/lab
mkdir -p "$lab" "$catalog/lab"
"$TESTS/lab/fake" "$lab" 2>"$lab/log" &
fake_pid=$!
trap 'kill $fake_pid 2>/dev/null; chmod -R u+w "$WORK" 2>/dev/null; rm -rf "$WORK"' EXIT
until_true 100 test -s "$lab/port"
printf %s fedcba9876543210secret >"$WORK/token"
chmod 600 "$WORK/token"
# entry NAME LINE...: the fake lab under this name.
entry() {
	local name=$1
	shift
	printf '%s\n' "url: http://127.0.0.1:$(cat "$lab/port")/" 'user: alice' "token_file: $WORK/token" 'listen: 127.0.0.1:0' 'poll: 50ms' \
		'patience: 5s' "$@" >"$catalog/lab/$name.yaml"
}
echo 'lava: {type: paper-type, method: qemu}' >>"$catalog/board/paper.yaml"
# fault WORD...: what is wrong with the lab from now on.
fault() { echo "$*" >"$lab/fault"; : >"$lab/requests"; }
requests() { grep -c -- "$1" "$lab/requests"; }
submitted() { requests 'POST /api/v0.2/jobs/ '; }
