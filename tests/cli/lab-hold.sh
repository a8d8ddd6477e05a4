# A device that a boot is to avoid, and that no tag tells from others: a job that is given it all the same keeps it busy until the
# boot's next job has another. And jobs that their Kiln left in a lab, which still count.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../fake.sh"
. "$TESTS/lab/faked.sh"
entry paperlab
entry single 'jobs: 1'
fake_source "$WORK/hangs" "[    0.000000] Linux version 6.1.99-fake" "[    0.1] and no more" "@hang"
source=$WORK/linux
# start [CONFIG [LAB]]: a run in the background, its output in WORK/out.
start() {
	"$KILN" run --arch fake --config "${1:-good}" --board paper --source "$source" --runner "lava:${2:-paperlab}" --json \
		>"$WORK/out" 2>"$WORK/err" </dev/null &
	pid=$!
}
# ended STATUS NAME
ended() { wait "$pid" 2>/dev/null; is "$?" "$1" "$2"; }
has_submitted() { [ "$(submitted)" -ge "$1" ]; }
# cancelled: which jobs Kiln did cancel.
cancelled() { sed -n 's,.*/jobs/\([0-9]*\)/cancel/.* token$,\1,p' "$lab/requests" | xargs; }
# cancel JOB: as somebody else does.
cancel() { curl -fs "$(fake_url "$lab")api/v0.2/jobs/$1/cancel/" >/dev/null; }
# runs_on DEVICE: a job does, whose number is $id.
runs_on() {
	curl -fs "$(fake_url "$lab")api/v0.2/jobs/?description__contains=good" >"$WORK/jobs"
	id=$(json "$WORK/jobs" "max(job['id'] for job in j['results'] if job['actual_device'] == '$1' and job['state'] == 'Running')" 2>/dev/null)
}
# failed_once FAULT...: a run whose first job, on the last device, was cancelled by somebody else. Its number is $id.
failed_once() {
	fault "$@"
	start
	until_running
	cancel "$id"
}

fault sick=Unknown
start
ended 0 "a device that fails, and another that is idle"
is "$(attempts '[(b["verdict"], b["lava"]["device"]) for b in boots]')" "[('infra', 'paper-01'), ('pass', 'paper-00')]" "two attempts, each on its own"
is "$(attempts '[h["device"] for h in boots[1]["lava"]["held"]]')" "['paper-01']" "the second had a job on the first's device"
is "$(submitted)" 3 "three jobs are submitted"
is "$(cancelled)" 2 "the second is cancelled"
grep -q "good/gcc@paper,lab=paperlab kiln 2 [0-9a-f-]*" "$lab/definition"
ok $? "the third says which of its boot's it is"

fault sick=Unknown
start good single
ended 0 "the same where one job at once is allowed"
is "$(attempts '[b["lava"]["device"] for b in boots]')" "['paper-01', 'paper-00']" "brings the same"
is "$(submitted)" 3 "by as many jobs"
first=$(grep -nm 1 'cancel/' "$lab/requests" | cut -d: -f1) last=$(grep -n 'POST /api/v0.2/jobs/ ' "$lab/requests" | tail -n 1 | cut -d: -f1)
[ "$first" -lt "$last" ]
ok $? "of which one is cancelled before the next is submitted"

source=$WORK/hangs
failed_once taken long=3
ended 1 "a device that is to be avoided while the other one is not free"
is "$(attempts '[b["lava"]["device"] for b in boots]')" "['paper-01', 'paper-01']" "is used again after a while"
is "$(attempts '[h["device"] for h in boots[1]["lava"]["held"]][0]')" paper-01 "which it was kept busy for"

failed_once taken long=30
until_true 200 has_submitted 3
kill -INT "$pid"
ended 130 "Ctrl-C while a device is kept busy"
is "$(cancelled)" "$((id + 2)) $((id + 1))" "cancels both jobs"

failed_once taken long=30
until_true 200 has_submitted 3
sleep 0.5
kill -KILL "$pid"
ended 137 "a kill at that point"
fault
run 1 "coming back" "$KILN" attach
[[ " $(cancelled) " == *" $((id + 1)) "* ]]
ok $? "cancels what kept the device busy"

failed_once taken long=30
until_true 200 has_submitted 3
echo "taken long=30 status=500" >"$lab/fault"
ended 3 "a lab that answers no more at that point"
is "$(json "$WORK/out" "j['boots'][0]['verdict']")" infra "is infra"

failed_once many long=5
until_true 200 runs_on paper-118
kill -KILL "$pid"
ended 137 "a kill after one device came to nothing, while the next job runs"
cancel "$id"
run 1 "coming back, when that was cancelled, too" "$KILN" attach
run 0 "its run" "$KILN" show --json
is "$(attempts '[(b["verdict"], b["lava"]["device"]) for b in boots]')" \
	"[('infra', 'paper-119'), ('infra', 'paper-118'), ('fail', 'paper-117')]" "has left out both devices"

source=$WORK/linux
# What Ctrl-C left in the lab has its place among the jobs at once.
fault endless
start good single
until_running
kill -INT "$pid"
ended 130 "Ctrl-C while a job runs"
is "$(cancelled)" "" "leaves it"
start noisy single
until_true 200 grep -q "jobs/$id/ " "$lab/requests"
is "$(submitted)" 1 "another run waits for it"
touch "$lab/enough"
ended 0 "until it has ended"
is "$(submitted)" 2 "then has a job of its own"
fault
run 0 "the first run" "$KILN" attach
is "$(submitted)" 0 "finds what it left"
rm "$lab/enough"

fault endless
start good single
until_running
kill -INT "$pid"
ended 130 "Ctrl-C while a job runs that will never end"
fault
start noisy single
ended 0 "is waited for in vain, but not for ever"
is "$(submitted)" 1 "by another run"
[ ! -s "$lab/spoiled" ]
ok $? "no device has lost its health by a job that was cancelled too early"
finish
