#!/bin/bash
# kill -9 of real runs in the middle of imports, builds and boots: the same command resumes, redoes nothing that
# was finished, and leaves nothing behind. As this user, and for root as an ordinary one too.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
SOURCE=${KILN_E2E_SOURCE:-deb:linux-source-6.1}

for tool in riscv64-linux-gnu-gcc aarch64-linux-gnu-gcc qemu-system-riscv64 qemu-system-aarch64; do
	command -v $tool >/dev/null || { skip "resuming real runs" "$tool is not installed"; finish; exit; }
done

# of_home HOME: processes that run for a home, by their environment, argv or what is mounted for them.
of_home() {
	python3 - "$1" <<'PY'
import os, sys
mark, n, own, pid = sys.argv[1].encode(), 0, set(), os.getpid()
while pid > 1:
    own.add(pid)
    pid = int(open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[1])
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        stat = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
        if int(pid) in own or int(stat[1]) in own or stat[0] == "Z":
            continue
        n += mark in open(f"/proc/{pid}/cmdline", "rb").read() + open(f"/proc/{pid}/mountinfo", "rb").read()
    except OSError:
        pass
print(n)
PY
}
nobody_left() { [ "$(of_home "$1")" -eq 0 ]; }

# What each attempt was and said, by the order of its events.
events() { grep -cE "^$1 +$2" "$WORK/log"; }

# start HOME COMMAND...: in the background, its pid in $pid, its output in $WORK/log.
start() {
	: >"$WORK/log"
	"$@" >"$WORK/log" 2>&1 </dev/null &
	pid=$!
}
# kill_when TENTHS SECONDS TEXT: SIGKILL, this many seconds after the text is in the log.
kill_when() {
	until_true "$1" grep -qE "$3" "$WORK/log"
	ok $? "$who: the log says: $3"
	sleep "$2"
	[ "$(of_home "$home")" -gt 0 ]
	ok $? "$who: something runs"
	# $pid is the program itself: setpriv and env exec it.
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
	until_true 30 nobody_left "$home"
	ok $? "$who: nothing runs 3 s after kill -9"
}

# round NAME PREFIX...: three kills and an end, in a home of its own.
round() {
	who=$1
	home=$WORK/$who/home
	shift
	local command=("$@" "$KILN" run --arch riscv64,arm64 --config tiny --toolchain gcc
		--board riscv64-virt,arm64-virt --source "$SOURCE" --home "$home")
	mkdir -p "$WORK/$who" && chmod 777 "$WORK/$who"

	start "${command[@]}"
	kill_when 600 5 "^(unpacking|reading|copying|downloading)"
	is "$(find "$home/sources" -mindepth 1 -maxdepth 1 -name 'linux-source-*' 2>/dev/null | wc -l)" 0 "$who: half of a source is none"

	start "${command[@]}"
	kill_when 6000 20 "^start build"
	local first
	first=$(sed -n 's/^run \([^ ]*\).*/\1/p' "$WORK/log")

	start "${command[@]}"
	kill_when 18000 1 "^pass +build"
	is "$(sed -n 's/^run \([^ ]*\).*/\1/p' "$WORK/log")" "$first" "$who: the run goes on under its name"
	is "$(events start configure)" 0 "$who: nothing is configured again"
	local built
	built=$(sed -nE 's/^pass +build ([^ ]*).*/\1/p' "$WORK/log" | head -n 1)

	# Between the end of the second build and that of its boot there is a second at least.
	start "${command[@]}"
	until_true 18000 grep -qE "^start boot" "$WORK/log"
	kill_when 18000 0.2 "^pass +build"
	is "$(events start "build $built")" 0 "$who: the finished build $built is not built again"
	local booted
	booted=$(grep -cE "^pass +boot" "$WORK/log")

	run 0 "$who: the run comes to its end" "${command[@]}"
	out_has "run $first goes on" "$who: as the same run"
	out_lacks "start build" "$who: it builds nothing"
	out_has "2 boots: 2 pass" "$who: with both boots"
	echo "# $booted boots were finished before the last kill, $(grep -c '^start boot' "$WORK/out") were made after it"
	[ "$(grep -c '^start boot' "$WORK/out")" -ge 1 ] && [ "$(grep -c '^start boot' "$WORK/out")" -le $((2 - booted)) ]
	ok $? "$who: no finished boot is made again"
	is "$(ls "$home/tmp")" "" "$who: nothing is left in tmp"
	is "$(find "$home/sources" -mindepth 1 -maxdepth 1 ! -name 'linux-source-*' | wc -l)" 0 "$who: nor in sources"
	run 0 "$who: with --reuse-boots" "${command[@]}" --reuse-boots
	is "$(grep -c '^start' "$WORK/out")" 0 "$who: there is nothing to do"
	chmod -R u+w "$WORK/$who" && rm -rf "${WORK:?}/$who"
}

round self env
if [ "$(id -u)" -eq 0 ]; then
	chmod 755 "$WORK"
	if setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$KILN"; then
		round nobody setpriv --reuid=65534 --regid=65534 --clear-groups env HOME="$WORK/nobody" XDG_CONFIG_HOME="$WORK/nobody/config"
	else
		skip "the same as an ordinary user" "$KILN is not for others to run"
	fi
else
	skip "the same as another user" "this is an ordinary user"
fi
finish
