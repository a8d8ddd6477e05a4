# A lab of the catalogue's that is the fake one. Source it after lib.sh and fake.sh; patience is its entries', if it is set.
# shellcheck shell=bash
lab=$WORK/lab
mkdir -p "$catalog/lab"
fakes=()
trap 'kill "${fakes[@]}" 2>/dev/null; chmod -R u+w "$WORK" 2>/dev/null; rm -rf "$WORK"' EXIT
# fake_start DIR OPTION...: a fake lab that keeps what it has in DIR, and is $fake_pid.
fake_start() {
	local dir=$1
	shift
	mkdir -p "$dir"
	rm -f "$dir/port"
	: >"$dir/requests"
	"$TESTS/lab/fake" "$dir" "$@" 2>"$dir/log" &
	fake_pid=$!
	fakes+=("$fake_pid")
	until_true 100 test -s "$dir/port"
}
fake_url() { echo "http://127.0.0.1:$(cat "$1/port")/"; }
fake_start "$lab"
secret=fedcba9876543210secret
printf %s "$secret" >"$WORK/token"
chmod 600 "$WORK/token"
# entry_at URL NAME LINE...: a lab under this name.
entry_at() {
	local url=$1 name=$2
	shift 2
	printf '%s\n' "url: $url" 'user: alice' "token_file: $WORK/token" 'listen: 127.0.0.1:0' 'poll: 50ms' "patience: ${patience:-5s}" "$@" \
		>"$catalog/lab/$name.yaml"
}
# entry NAME LINE...: the fake one.
entry() { entry_at "$(fake_url "$lab")" "$@"; }
echo 'lava: {type: paper-type, method: qemu}' >>"$catalog/board/paper.yaml"
# fault WORD...: what is wrong with the lab from now on.
fault() { echo "$*" >"$lab/fault"; : >"$lab/requests"; }
requests() { grep -c -- "$1" "$lab/requests"; }
submitted() { requests 'POST /api/v0.2/jobs/ '; }
# until_running: a job has a log, which is read. Its number is $id.
until_running() {
	until_true 200 grep -q '/logs/' "$lab/requests"
	sleep 0.5
	# shellcheck disable=SC2034 # the tests' own
	id=$(sed -n 's,.*/jobs/\([0-9]*\)/logs/.*,\1,p' "$lab/requests" | tail -n 1)
}
