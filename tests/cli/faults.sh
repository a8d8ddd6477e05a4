# What happens to a run when the machine fails: kills, two at once, damaged files, a full disk.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../fake.sh"
source=(--source "$WORK/linux")

nobody_left() { [ "$(processes)" -eq 0 ]; }

# Ctrl-C in a build.
touch "$WORK/out" "$WORK/err"
"$KILN" run --arch fake --config slow "${source[@]}" >"$WORK/out" 2>"$WORK/err" &
pid=$!
until_true 1200 grep -q "start build" "$WORK/out"
ok $? "a slow build starts"
sleep 0.5
[ "$(processes)" -gt 1 ]
ok $? "processes of a run are seen"
begin=$(date +%s%N)
kill -INT $pid
wait $pid
is "$?" 130 "Ctrl-C ends the run with status 130"
took=$((($(date +%s%N) - begin) / 1000000))
# Where others load the machine, a second of its time is none.
read -r load _ </proc/loadavg
[ "$took" -lt $((${load%.*} < $(nproc) ? 2000 : 20000)) ]
ok $? "within 2 s ($took ms, load $load)"
err_has "goes on where this one stopped" "and says how to go on"
until_true 100 nobody_left
ok $? "no process is left"

# kill -9 in a boot: what is finished stays, and the same command resumes.
fake_source "$WORK/stops" "[    0.000000] Linux version 6.1.99-fake" "@sleep 3" "${GOOD_BOOT[@]:1}"
"$KILN" run --arch fake --config good,noisy --board paper --jobs 1 --source "$WORK/stops" >"$WORK/out" 2>"$WORK/err" &
pid=$!
until_true 1200 grep -q "pass  boot" "$WORK/out"
ok $? "one boot is done"
until_true 600 test "$(grep -c "start boot" "$WORK/out")" -ge 1
sleep 0.3
kill -KILL $pid
wait $pid 2>/dev/null
first=$(sed -n 's/^run \([^ ]*\).*/\1/p' "$WORK/out")
until_true 100 nobody_left
ok $? "kill -9 of Kiln leaves no process"
run 0 "the same command again" "$KILN" run --arch fake --config good,noisy --board paper --jobs 1 --source "$WORK/stops"
out_has "run $first goes on" "resumes that run"
out_lacks "start build fake/good" "redoes no build"
is "$(grep -c "start boot" "$WORK/out")" 1 "and only the boot that was lost"
out_has "2 pass" "and finishes"
is "$(ls "$KILN_HOME/tmp")" "" "nothing is left over"
run 0 "after a finished run the same command" "$KILN" run --arch fake --config good,noisy --board paper --source "$WORK/stops"
out_lacks "goes on" "starts a new run"
is "$(grep -c "start boot" "$WORK/out")" 2 "and boots anew"

# Two at once.
rm -rf "$KILN_HOME"
"$KILN" run little "${source[@]}" >"$WORK/one" 2>&1 &
one=$!
"$KILN" run little "${source[@]}" >"$WORK/two" 2>&1 &
two=$!
wait $one
is "$?" 0 "two runs at one home: the first finishes"
wait $two
is "$?" 0 "and the second"
is "$(find "$KILN_HOME/records" -name '*.json' -path '*records/??/*' -maxdepth 2 -exec grep -l '"kind": "build"' {} + | wc -l)" 2 \
	"the builds they share are done once"

# A depot object cut short is noticed and made again.
object=$(readlink -f "$KILN_HOME"/builds/*/fake/good/gcc/bzImage)
chmod u+w "$object" && truncate -s 3 "$object"
run 0 "an image cut short" "$KILN" run little "${source[@]}"
out_has "start build fake/good/gcc" "is made again"
# One with other bytes of the same length shows when it is read.
chmod u+w "$object" && printf x | dd of="$object" bs=1 count=1 conv=notrunc 2>/dev/null
run 0 "an image that was changed" "$KILN" run little "${source[@]}"
out_has "damaged" "is noticed"
out_has "start build fake/good/gcc" "and made again"

# gc keeps what records name.
run 0 "gc right after a run" "$KILN" depot gc --min-age 0 --json
run 0 "after it a run with --reuse-boots" "$KILN" run little "${source[@]}" --reuse-boots
out_lacks "start" "has nothing to do"
run 2 "depot wants a verb" "$KILN" depot

# A damaged ledger.
cp "$KILN_HOME/ledger.db" "$WORK/good.db"
printf 'no database at all, but quite a bit of text to read' >"$KILN_HOME/ledger.db"
rm -f "$KILN_HOME"/ledger.db-*
run 3 "a damaged ledger is refused" "$KILN" run little "${source[@]}"
err_has "To restore" "with the way to restore it"
restore=$(sed -n 's/.*To restore the last copy: //p' "$WORK/err" | sed 's/ (.*//')
bash -c "$restore"
run 0 "which works" "$KILN" show

# A home that cannot be written, and one that is a file.
if [ "$(id -u)" -ne 0 ]; then
	mkdir "$WORK/locked" && chmod 500 "$WORK/locked"
	run 3 "a home that cannot be written" "$KILN" run little "${source[@]}" --home "$WORK/locked/home"
	err_has "Permission denied" "says why"
fi
run 3 "a home that is a file" "$KILN" run little "${source[@]}" --home /dev/null/home
err_has "/dev/null" "is named"

# A full disk: 6 MB are too few for a build.
if unshare -rm true 2>/dev/null; then
	mkdir "$WORK/small"
	run 3 "a full disk" unshare -rm bash -c 'mount -t tmpfs -o size=600k none "$0/small" && exec "$1" run little --source "$2" --home "$0/small/home"' \
		"$WORK" "$KILN" "$WORK/linux"
	grep -qi "space" "$WORK/out" "$WORK/err"
	ok $? "says that no space is left"
else
	skip "a full disk" "no user namespaces for the test's own mount"
fi
finish
