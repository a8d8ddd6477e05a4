#!/usr/bin/env bash
# What goes wrong in a real LAVA lab, and what Kiln makes of it: tokens, jobs that others cancel, devices and workers that go.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/lab/real.sh
. "$TESTS/lab/real.sh"
# entry NAME TOKEN LINE...
entry() {
	local name=$1 token=$2
	shift 2
	printf '%s\n' "url: $url" 'user: alice' "token_file: $lab/token/$token" 'listen: 127.0.0.1:0' 'poll: 1s' 'patience: 20s' "$@" \
		>"$catalog/lab/$name.yaml"
}
entry real alice
printf 'wrong-0123456789abcdef' >$lab/token/wrong
chmod 600 $lab/token/wrong
entry wrong wrong
# A kernel that waits for a root which never comes is silent for as long as it is let.
waiting=('inherit: x86_64-pc' 'append: rdinit=/none root=/dev/sdz1 rootwait' 'limit: 90s' 'silence: 25s')
printf '%s\n' "${waiting[@]}" >"$catalog/board/pc-waits.yaml"
printf '%s\n' "${waiting[@]}" >"$catalog/board/pc-waits-too.yaml"
printf '%s\n' 'inherit: x86_64-pc' 'lava: {type: qemu, method: qemu, tags: [nobody-has-this]}' >"$catalog/board/pc-tagged.yaml"
printf '%s\n' 'inherit: x86_64-pc' 'lava: {type: qemu, method: qemu, context: [nonsense=1]}' >"$catalog/board/pc-invalid.yaml"

manage() { "$TESTS/lab/lab" manage $lab "$@" >>"$WORK/manage" 2>&1; }
# health DEVICE HEALTH
health() { manage devices update --health "$2" "qemu-0$1"; }
# ask TOKEN PATH
ask() { curl -fs -H "Authorization: Token $(cat "$lab/token/$1")" "${url}api/v0.2/$2"; }
jobs() { ask alice 'jobs/?limit=1' | python3 -c 'import json,sys; print(json.load(sys.stdin)["count"])'; }
# job N FIELD: of the job that came N before the newest.
job() { ask alice "jobs/?limit=1&ordering=-id&offset=$1" | python3 -c 'import json,sys; print(json.load(sys.stdin)["results"][0][sys.argv[1]])' "$2"; }
is_state() { [ "$(job 0 state)" = "$1" ]; }
boot() { nice "$KILN" run --arch x86_64 --config tiny --source "$SOURCE" --board "$1" --runner "lava:${2:-real}" --json; }
# start BOARD: a run in the background, until its job runs and has what it fetches. Its output is WORK/BOARD.
start() {
	boot "$1" >"$WORK/$1" 2>"$WORK/$1.err" </dev/null &
	pid=$!
	until_true 1800 is_state "${2:-Running}"
	sleep 5
}
# ended STATUS BOARD NAME
ended() {
	wait "$pid"
	is "$?" "$1" "$3"
	cp "$WORK/$2" "$WORK/out"
}
# boot_is EXPRESSION WANT NAME: of the last run's boot b.
boot_is() { is "$(json "$WORK/out" "(lambda b: $1)(j['boots'][0])")" "$2" "$3"; }
boot_says() { boot_is "'$1' in (b.get('reason') or '')" True "$2"; }
run 2 "a token that is none" "$KILN" lab check wrong
err_has "does not know the token" "is refused"
run 0 "a kernel that passes" boot x86_64-pc
boot_is 'b["verdict"]' pass "passes"

before=$(jobs)
run 0 "a tag that no device has" boot pc-tagged
boot_is 'b["verdict"]' skip "is a skip"
run 3 "a job that LAVA calls invalid" boot pc-invalid
boot_says "Job invalid" "is infra, with LAVA's word"
is "$(jobs)" "$before" "neither is submitted"

start pc-waits
device=$(job 0 actual_device)
ask root "jobs/$(job 0 id)/cancel/" >"$WORK/cancel"
ended 1 pc-waits "a job that somebody cancels"
is "$(attempts '[b["verdict"] for b in boots]')" "['infra', 'fail']" "is infra, and tried again"
is "$(attempts "'canceled' in boots[0]['reason'] and boots[0]['lava']['device'] == '$device'")" True "with the reason"
is "$(attempts "boots[1]['lava']['device'] != '$device'")" True "on the other device"

start pc-waits
device=$(job 0 actual_device)
"$TESTS/lab/lab" stop $lab worker
"$TESTS/lab/lab" start $lab worker
ended 1 pc-waits "a worker that is killed with its job, and comes back"
is "$(attempts '[b["verdict"] for b in boots]')" "['infra', 'fail']" "is infra, and tried again"
is "$(attempts "boots[1]['lava']['device'] != '$device'")" True "on the other device"
boot_is '"no device" in b["reason"]' False "which says what the kernel does"
health 1 GOOD
health 2 GOOD

# Two runs, and one device for both.
health 2 MAINTENANCE
start pc-waits
first=$pid
start pc-waits-too Submitted
health 1 BAD
ended 0 pc-waits-too "a job that is queued for a device which is Bad by then"
boot_is 'b["verdict"]' skip "is a skip"
boot_says "qemu-01: its health is Bad; qemu-02: its health is Maintenance" "with the reason"
is "$(job 0 health)" Canceled "and is cancelled"
pid=$first
ended 3 pc-waits "a job whose device is Bad by its end"
boot_says "its device qemu-01 is Bad after the job" "is infra"
boot_says "no device of lab real is available any more" "and tried on no other"
health 1 GOOD
health 2 GOOD

# permit PERMISSION DEVICE...: a group that alice is not in has it alone; without devices nobody has any.
permit() {
	manage shell -c "
import sys
from django.contrib.auth.models import Group
from lava_scheduler_app.models import Device, GroupDevicePermission
GroupDevicePermission.objects.all().delete()
group, _ = Group.objects.get_or_create(name='others')
for name in '${*:2}'.split():
    GroupDevicePermission.objects.assign_perm('lava_scheduler_app.$1', group, Device.objects.get(hostname=name))"
}
permit view_device qemu-02
run 0 "a lab with a device that is not to be seen" "$KILN" lab check real
out_has "1 of  1 available" "has the others"
permit submit_to_device qemu-02
run 0 "a lab with a device that takes no jobs of this user" boot x86_64-pc
boot_is 'b["verdict"]' pass "has another that does"
permit submit_to_device qemu-01 qemu-02
before=$(jobs)
run 0 "a lab none of whose devices does" boot x86_64-pc
boot_is 'b["verdict"]' skip "is a skip"
boot_says "currently available to user alice" "with LAVA's word"
is "$(jobs)" "$before" "and has no job of it"
permit view_device

# An entry that uses devices with a tag asks for it.
manage shell -c "
from lava_scheduler_app.models import Device, Tag
Device.objects.get(hostname='qemu-02').tags.add(Tag.objects.create(name='left'))"
entry picky alice 'tags: [left]'
run 0 "devices with a tag" boot x86_64-pc picky
is "$(attempts 'boots[0]["lava"]["device"]')" qemu-02 "are the only ones that are used"

# Two Kilns of one user at once.
boot x86_64-pc >"$WORK/one" 2>&1 </dev/null &
one=$!
run 0 "two Kilns of one user: the one" boot x86_64-pc
wait $one
is "$?" 0 "and the other"

"$TESTS/lab/lab" stop $lab web
run 3 "a lab that is not there" boot x86_64-pc
err_has "lab real" "is told of"
"$TESTS/lab/lab" start $lab web
until_true 300 ask alice system/version/ >/dev/null

start pc-waits
"$TESTS/lab/lab" stop $lab worker
ended 3 pc-waits "a worker that does not come back"
is "$(attempts '[b["verdict"] for b in boots][0]')" infra "is infra, and not a kernel that hangs"
is "$(attempts '"worker-01" in boots[0]["reason"]')" True "with its name"
boot_says "its worker is offline" "and no device is left to try it on"
is "$(left_over)" "" "nothing is left over"
finish
