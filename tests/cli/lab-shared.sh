# Several Kilns and one user of a lab: at one home, and at two.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../fake.sh"
. "$TESTS/lab/faked.sh"
entry paperlab 'jobs: 1'
has_submitted() { [ "$(submitted)" -ge "$1" ]; }
# start NAME HOME: a run in the background, all of the same request. Its process is $pid.
start() {
	: >"$WORK/$1"
	"$KILN" run --arch fake --config good --board paper --source "$WORK/linux" --runner lava:paperlab --home "$WORK/$2" >"$WORK/$1" 2>&1 &
	pid=$!
}
ended() { wait "$1" 2>/dev/null; is "$?" "$2" "$3"; }
run_of() { sed -n '/^run /{s/^run \([^ ]*\).*/\1/p;q}' "$WORK/$1"; }
"$KILN" run --arch fake --config good --board paper --source "$WORK/linux" --home "$WORK/here" >"$WORK/out" 2>&1
ok $? "a kernel"
cp -R "$WORK/here" "$WORK/there"

# At two homes: one dies, another is interrupted, the third goes on.
fault long=3
start one here
one=$pid
until_true 200 has_submitted 1
start two there
two=$pid
until_true 200 has_submitted 2
is "$?" 0 "at another home the limit of jobs at once counts anew"
kill -KILL $one
ended $one 137 "the one dies"
ended $two 0 "the other's job passes"
run 0 "the one that died" "$KILN" attach --home "$WORK/here"
out_has "1 pass" "comes back to its own job"
is "$(submitted)" 2 "and neither submits another"
is "$(requests /cancel/)" 0 "or cancels one"
run 2 "a run of another home" "$KILN" attach "$(run_of two)" --home "$WORK/here"
err_has "there is no run" "is not known at this one"

fault queued
start one here
one=$pid
until_true 200 has_submitted 1
start two there
two=$pid
until_true 200 has_submitted 2
kill -INT $two
ended $two 130 "one is interrupted while both jobs are queued"
is "$(requests /cancel/)" 1 "and cancels its own"
echo >"$lab/fault"
ended $one 0 "the other's goes on"
run 0 "the one that was interrupted" "$KILN" attach --home "$WORK/there"
is "$(submitted)" 3 "submits its job again"

# At one home: as many jobs at once as the entry says, whoever submits them.
fault endless
start one here
one=$pid
until_true 200 has_submitted 1
start two here
two=$pid
until_true 100 grep -q "start boot" "$WORK/two"
sleep 1
is "$(submitted)" 1 "with one job at once the second Kiln of a home waits"
touch "$lab/enough"
ended $one 0 "the first ends"
ended $two 0 "the second, too"
is "$(submitted)" 2 "in a job of its own"
[ "$(run_of one)" != "$(run_of two)" ]
ok $? "they are two runs"

# At one port, which the lab's network may want.
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
sed -i "s/^listen:.*/listen: 127.0.0.1:$port/" "$catalog/lab/paperlab.yaml"
fault long=2
start one here
one=$pid
until_true 200 has_submitted 1
start two there
two=$pid
ended $one 0 "the Kiln that listens there passes"
ended $two 0 "the other waits for the port"
finish
