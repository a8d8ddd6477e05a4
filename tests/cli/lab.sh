# kiln lab, and boots in a lab that shows every fault: kiln run --runner lava:NAME.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../fake.sh"
patience=1500ms
. "$TESTS/lab/faked.sh"
entry paperlab
# check STATUS NAME FAULT...: kiln lab check
check() {
	local status=$1 name=$2
	shift 2
	fault "$@"
	run "$status" "$name" "$KILN" lab check paperlab
}
# boot STATUS NAME FAULT...: a run whose kernel boots in the lab. Its one boot is the Python dict b of what boot_is says.
boot() {
	local status=$1 name=$2
	shift 2
	fault "$@"
	run "$status" "$name" "$KILN" run --arch fake --config good --board paper --source "$source" --runner lava:paperlab --json
	cat "$WORK/out" "$WORK/err" >>"$WORK/said"
}
# jobs_are N NAME: so many were submitted.
jobs_are() { is "$(submitted)" "$1" "$2"; }
boot_is() { is "$(json "$WORK/out" "(lambda b: $1)(j['boots'][0])")" "$2" "$3"; }
boot_says() { boot_is "'$1' in (b.get('reason') or '')" True "$2"; }
source=$WORK/linux

run 0 "the labs that are known" "$KILN" lab list
out_has "paperlab" "are listed"
check 0 "a lab that may be used"
out_has "LAVA 2023.01" "says its version"
out_has "2 of  2 available  paper" "and which boards it has"
run 0 "its devices" "$KILN" lab devices paperlab
out_has "paper-00" "are listed"
out_has "[shiny]" "with the names of their tags"
out_has "lava: {type: unknown-type, method: METHOD}" "and a type without a board with a stub"
check 0 "three pages of devices" many
out_has "120 of 120 available" "are read to their end"
is "$(requests 'GET /api/v0.2/devices/')" 3 "in three requests, whatever next says"
check 0 "all in Maintenance" maintenance
out_has "nothing here boots what Kiln builds" "is nothing to use"
check 0 "a worker that is offline" offline
out_has "0 of  2 available" "takes its devices away"
check 0 "a clock that goes wrong" skew=-3600
out_has "behind this host's" "is told of"

check 2 "an answer to nobody" whoami=
err_has "nobody's" "though all else looks fine, is refused"
check 2 "another's token" whoami=bob
err_has "is bob's" "is refused"
check 2 "a staff user" staff
err_has "is staff" "is refused"
check 2 "a superuser" superuser
err_has "a superuser" "is refused"
check 2 "a wrong token" status=403
err_has "does not know the token of alice" "is refused"
check 2 "no authorization" status=401
check 3 "a page of HTML with 500" html
err_has "HTTP 500" "is told as it is"
is "$(requests GET)" 4 "after four tries"
check 3 "garbage" garbage
err_has "is no JSON" "is told as it is"
check 0 "a lab that is busy" busy=2
is "$(requests system/whoami)" 3 "is asked again"
check 0 "slow answers" slow=0.2
check 3 "a redirect to another server" redirect
err_has "nothing is sent there" "is not followed"
[ ! -e "$lab/stray" ]
ok $? "the other server has heard nothing"
fault
chmod 644 "$WORK/token"
run 2 "a token that others can read" "$KILN" lab check paperlab
err_has "chmod 600" "is refused"
is "$(requests .)" 0 "before anything is asked"
chmod 600 "$WORK/token"
entry_at http://127.0.0.1:1/ gone
run 3 "a lab that is not there" "$KILN" lab check gone
rm "$catalog/lab/gone.yaml"

boot 0 "a kernel boots in the lab"
boot_is 'b["verdict"] + " " + b["runner"]' "pass lava:paperlab" "and passes there"
jobs_are 1 "with one submission"
[ "$(requests /jobs)" -le 12 ]
ok $? "and at most 12 requests: $(requests /jobs)"
grep -q "sha256sum" "$lab/definition"
ok $? "the job has the checksums of what it fetches"
run 0 "its console" "$KILN" log fake/good/gcc@paper,lab=paperlab
out_has "KILN-GUEST-DONE status=0" "is the kernel's"
out_lacks "tftp-deploy" "without what LAVA says itself"

run 0 "the definition of its job" "$KILN" lab job fake/good/gcc@paper,lab=paperlab
out_has "SECRET/kernel" "has what is known before"
run 2 "a job that has ended" "$KILN" lab cancel paperlab 1
err_has "has ended already" "is not cancelled"
run 2 "a job that is not there" "$KILN" lab cancel paperlab 999
run 0 "120 jobs that have not ended" "$KILN" lab jobs paperlab --json
is "$(json "$WORK/out" 'len(j)')" 120 "are read to their end"

sed 's/^lava:.*/lava: {type: paper-type, method: qemu, min: "2023.02"}/' "$catalog/board/paper.yaml" >"$catalog/board/later.yaml"
run 0 "a board that the lab's LAVA is too old for" \
	"$KILN" run --arch fake --config good --board later --source "$source" --runner lava:paperlab
out_has "lava is 2023.01, >=2023.02 is required" "is a skip, and says so"
rm "$catalog/board/later.yaml"

fake_source "$WORK/panics" "[    0.000000] Linux version 6.1.99-fake" "[    0.1] Kernel panic - not syncing: No working init found." "[    0.1] ---[ end Kernel panic - not syncing ]---" "@hang"
fake_source "$WORK/hangs" "[    0.000000] Linux version 6.1.99-fake" "[    0.1] and no more" "@hang"
fake_source "$WORK/mute" "SeaBIOS" "@hang"
fake_source "$WORK/unmarked" "[    0.000000] Linux version 6.1.99-fake" "KILN-GUEST-START machine=fake release=6.1.99 cpus=1 bits=64 endian=little" "@poweroff"
source=$WORK/panics
boot 1 "a panic"
boot_is 'b["verdict"] + " " + str("panic" in b["signature"])' "fail True" "is a fail with its signature"
source=$WORK/hangs
boot 1 "a kernel that hangs"
boot_is 'b["verdict"]' "fail" "is a fail, as on this host"
source=$WORK/mute
boot 3 "a machine on which no kernel spoke"
boot_says "before the kernel spoke" "is the lab's fault"
source=$WORK/unmarked
boot 1 "a job that is Complete without the last marker"
boot_is 'b["verdict"]' "fail" "is no pass"
source=$WORK/linux

boot 3 "a job that somebody cancelled" canceled
boot_says "canceled" "is infra"
boot 3 "an error of the lab's own" infra
boot_says "bootloader-interrupt" "is infra, with LAVA's word"
boot 3 "a console that never came" hidden
boot_says "no console came" "is infra"
boot 3 "a job that the lab calls invalid" invalid
boot_says "no such action" "is infra, with its reason"
jobs_are 0 "and is not submitted"
boot 3 "an unknown tag, which LAVA answers with a page" tag
boot_says "HTTP 500" "is infra"
boot 0 "a connection that is cut while a job is submitted" cut
jobs_are 1 "does not submit it twice"
boot 0 "a job whose number the lab did not tell" numberless
jobs_are 1 "is looked for, not submitted again"
boot 3 "a job that vanishes" vanish
boot_says "any more" "is infra"
boot 0 "a lab that is away for a while" away=1
boot 0 "binary and half lines in the log" binary
run 0 "the console of that boot" "$KILN" log fake/good/gcc@paper,lab=paperlab
out_has "KTAP version 1" "has all the others"
boot 0 "a log of 50 MB" flood
[ "$(requests /logs/)" -ge 12 ]
ok $? "is read in pieces: $(requests /logs/)"
boot 0 "a busy lab" busy=2
boot 0 "a clock that is an hour behind" skew=-3600
source=$WORK/hangs
boot 1 "a kernel that hangs where the clock is an hour ahead" skew=3600
boot_is 'b["verdict"]' fail "is a fail all the same"
source=$WORK/linux
boot 0 "a lab that is slow" slow=0.2
boot 0 "a lab that is away when a job is submitted" early=1
jobs_are 1 "gets it when it is back"
boot 3 "a lab that is away from then on" early=1000
boot_says "nothing else came" "is infra"
for fault in garbage html status=403 redirect; do
	boot 3 "$fault while a job runs" later $fault
	boot_is 'b["verdict"]' infra "is infra"
	jobs_are 1 "and the job is there once"
done
[ ! -e "$lab/stray" ]
ok $? "the other server has heard nothing"
boot 3 "a lab that does not come back" away=1000
boot_says "nothing else came" "is infra in the end"
jobs_are 1 "and was given the job once"
boot 2 "a staff user's lab" staff
is "$(requests POST.*/jobs/)" 0 "gets no job"
boot 3 "a log that cannot be read" logless
boot_says "HTTP 500" "is infra in the end"
boot 0 "no device" maintenance
boot_is 'b["verdict"]' "skip" "is a skip"
jobs_are 0 "and nothing is submitted"

# Devices: one that fails, one that is taken away, one that is not for this user.
boot 0 "a device that fails, with another beside it that a tag tells from it" sick=Unknown apart
jobs_are 2 "is not tried again"
grep -q '^- .spare' "$lab/definition"
ok $? "but the other, by its tag"
boot 0 "a device that fails, with another like it" sick=Unknown
jobs_are 3 "is kept busy when LAVA gives it again, until the other one is given"
is "$(requests 'GET.*/cancel/')" 1 "its job cancelled then"
for health in Bad Maintenance Retired; do
	boot 0 "a device that is $health after the job" sick=$health apart
	jobs_are 2 "is none to rely on"
done
boot 3 "both devices fail" infra
boot_says "bootloader-interrupt" "is infra, with LAVA's word"
jobs_are 4 "after three attempts, and a job that kept the first device busy for the second"
boot 0 "a device that is put to Maintenance while the job is queued" stuck=Maintenance
boot_is 'b["verdict"]' skip "is a skip"
boot_says "paper-00: its health is Maintenance" "with the reason"
is "$(requests 'GET.*/cancel/')" 1 "and its job is cancelled"
boot 0 "devices that are Bad while the job is queued" stuck=Bad
boot_says "its health is Bad" "are a skip, too"
boot 0 "a job that is queued though devices are idle" stuck=Good
boot_says "may alice submit jobs to it" "is a skip in the end"
boot 3 "a worker that is gone" dead
boot_says "went offline" "is infra"
boot 0 "a device that is not for this user" private
boot_is 'b["verdict"]' skip "is a skip"
boot_says "currently available to user alice" "with LAVA's word"
jobs_are 1 "and asked for once"
boot 3 "a job that its worker lost" lost
boot_says "the job was lost" "is infra, whatever its console said"

# The minutes that a lab gives.
entry meter 'minutes: 1' 'jobs: 1'
fault lasts=70
run 0 "two boots where there is time for one" "$KILN" run --arch fake --config good,noisy --board paper --source "$source" \
	--runner lava:meter --json
is "$(json "$WORK/out" "sorted(b['verdict'] for b in j['boots'])")" "['pass', 'skip']" "are one, and a skip"
jobs_are 1 "which is not submitted"
run 0 "another run" "$KILN" run --arch fake --config good --board paper --source "$source" --runner lava:meter --json
boot_says "the 1 minutes a day of lab meter are used up; there are some again at 20" "is a skip that says until when"
jobs_are 1 "and is not submitted either"
rm "$catalog/lab/meter.yaml"

# Two labs: one after the other, or each.
fake_start "$WORK/spare"
entry_at "$(fake_url "$WORK/spare")" spare
# places STATUS NAME RUNNER WANT FAULT...: where the boots were, and what came of them.
places() {
	local status=$1 name=$2 runner=$3 want=$4
	shift 4
	fault "$@"
	run "$status" "$name" "$KILN" run --arch fake --config good --board paper --source "$source" --runner "$runner" --json
	is "$(json "$WORK/out" "' '.join(sorted(b['runner'] + '=' + b['verdict'] for b in j['boots']))")" "$want" "$name: $want"
}
places 0 "any lab" lava 'lava:paperlab=pass lava:spare=skip'
places 0 "each lab" lava:paperlab,lava:spare 'lava:paperlab=pass lava:spare=pass'
places 0 "this host and any lab" local,lava 'lava:paperlab=pass lava:spare=skip local=pass'
places 0 "the board's own choice" auto 'lava:paperlab=skip lava:spare=skip local=pass'
echo 'runner: lava' >>"$catalog/board/paper.yaml"
places 0 "another board's own choice" auto 'lava:paperlab=pass lava:spare=skip local=skip'
places 0 "that, when all devices are in Maintenance" auto 'lava:paperlab=skip lava:spare=pass local=skip' maintenance
places 3 "what one lab fails" lava 'lava:paperlab=infra lava:spare=pass' infra
sed -i '/^runner:/d' "$catalog/board/paper.yaml"
kill "$fake_pid"
rm "$catalog/lab/spare.yaml"

# A Kiln that is killed, and one that is told to stop, while a job runs.
start() {
	fault "$@"
	"$KILN" run --arch fake --config good --board paper --source "$source" --runner lava:paperlab >"$WORK/out" 2>&1 &
	kiln_pid=$!
	until_true 100 grep -q 'GET /api/v0.2/jobs/?id__in' "$lab/requests"
}
start long=4
kill -9 "$kiln_pid"
wait "$kiln_pid" 2>/dev/null
run 0 "the same run after a kill" "$KILN" run --arch fake --config good --board paper --source "$source" --runner lava:paperlab
jobs_are 1 "finds its job again, and submits none"
start long=30
kill -INT "$kiln_pid"
wait "$kiln_pid"
is "$?" 130 "a run that is told to stop ends"
cat "$WORK/out" >>"$WORK/said"

# The token: in what was said, records, logs, job definitions.
! grep -rqF "$secret" "$WORK/said" "$KILN_HOME" "$lab/definition"
ok $? "the token shows nowhere"
fault slow=0.3
"$KILN" lab check paperlab >/dev/null 2>&1 &
sleep 0.2
! grep -qaF "$secret" "/proc/$!/cmdline" "/proc/$!/environ"
ok $? "nor in an argument or variable"
wait $!

finish
