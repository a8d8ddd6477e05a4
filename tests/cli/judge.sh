#!/bin/bash
# kiln judge on logs from anywhere.
. "$(dirname "$0")/../lib.sh"

cat >"$WORK/panic.log" <<'EOF'
[    0.000000] Linux version 6.1.192
[    1.000000] Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b
[    1.000100] CPU: 0 PID: 1 Comm: init Not tainted 6.1.192 #1
EOF
printf '[    0.000000] Linux version 6.1.192\nWelcome\n' >"$WORK/good.log"
printf 'WARNING: CPU: 0 PID: 1 at kernel/fork.c:12 f+0x1/0x2\n' >"$WORK/warn.log"
printf 'KTAP version 1\n1..1\nnot ok 1 a\n' >"$WORK/test.log"
printf "qemu-system-x86_64: unsupported machine type\n" >"$WORK/qemu.log"
printf 'Kernel panic - not syncing: \033[31mred \001\377\n' >"$WORK/dirty.log"

run 1 "a panic exits with 1" "$KILN" judge "$WORK/panic.log"
out_has "fail: Kernel panic - not syncing: Attempted to kill init!" "its reason is said"
out_has "line: 2" "so is its line"
out_has "signature: init-killed: Kernel panic - not syncing: Attempted to kill init! exitcode=#" "so is its signature"
out_has "CPU: 0 PID: 1 Comm: init" "so is the trace"

run 1 "--json prints data" "$KILN" judge --json "$WORK/panic.log"
is "$(python3 -c 'import json,sys; d=json.load(sys.stdin); print(d["verdict"], d["line"], d["pattern"])' <"$WORK/out")" \
	"fail 2 init-killed" "the data are what they should be"

run 0 "a good log passes" "$KILN" judge "$WORK/good.log"
out_has "pass: no failure found" "it says so"
run 1 "with --need-marker it fails" "$KILN" judge --need-marker "$WORK/good.log"
out_has "before the done marker" "it says why"
run 0 "a splat exits with 0" "$KILN" judge "$WORK/warn.log"
out_has "warn: WARNING: CPU: 0" "it is named"
run 1 "a failing test fails" "$KILN" judge "$WORK/test.log"
out_has "test failed: a" "the test is named"
run 3 "a failure of QEMU is infra" "$KILN" judge "$WORK/qemu.log"
run 1 "a dirty console is judged" "$KILN" judge "$WORK/dirty.log"
LC_ALL=C grep -q '[^[:print:][:space:]]' "$WORK/out"
ok $(($? == 0)) "nothing of it reaches the terminal raw"

"$KILN" judge - <"$WORK/panic.log" >"$WORK/out" 2>"$WORK/err"
is $? 1 "- reads standard input"
"$KILN" judge <"$WORK/panic.log" >"$WORK/out2" 2>"$WORK/err"
is "$(cat "$WORK/out2")" "$(cat "$WORK/out")" "so does no operand at all"
"$KILN" judge </dev/null >"$WORK/out" 2>"$WORK/err"
is $? 1 "an empty log fails"
out_has "silent from the start" "and is called silent"

run 2 "a missing file is the user's error" "$KILN" judge "$WORK/none"
err_has "$WORK/none: No such file" "it is named"
run 2 "so is a directory" "$KILN" judge "$WORK"
run 2 "two logs at once are refused" "$KILN" judge "$WORK/good.log" "$WORK/warn.log"
run 2 "an unknown option is refused" "$KILN" judge --nope
mkdir -p "$WORK/config/kiln/catalog/pattern"
printf -- '- name: mine\n  regex: "^my fault"\n  verdict: fail\n' >"$WORK/config/kiln/catalog/pattern/mine.yaml"
printf 'my fault\n' >"$WORK/mine.log"
run 1 "a pattern of one's own decides" "$KILN" judge "$WORK/mine.log"
out_has "signature: mine: my fault" "under its name"
printf -- '- name: mine\n  regex: "(my fault"\n  verdict: fail\n' >"$WORK/config/kiln/catalog/pattern/mine.yaml"
run 2 "a broken regex is an error" "$KILN" judge "$WORK/mine.log"
err_has "pattern mine" "that names the pattern"
finish
