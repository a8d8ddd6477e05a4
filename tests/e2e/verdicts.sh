#!/bin/bash
# Kernels made to come to bad ends, in the real QEMU: each gets its own verdict. One patched source, one build.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
shared_home
SOURCE=${KILN_E2E_SOURCE:-deb:linux-source-6.1}

for tool in x86_64-linux-gnu-gcc qemu-system-x86_64; do
	command -v $tool >/dev/null || { skip "kernels made to fail" "$tool is not installed"; finish; exit; }
done

# The source as Kiln keeps it; a plan imports it where it is not there yet.
run 0 "a plan imports the source" "$KILN" plan --arch x86_64 --config tiny --source "$SOURCE" --board x86_64-pc --json
id=$(json "$WORK/out" 'j["builds"][0]["build"].split("/")[0]')
tree=$KILN_HOME/sources/$id/tree
[ -e "$tree/init/main.c" ] || { ok 1 "the source is in the home"; finish; exit; }

# What no kernel of this test compiles stays behind: a third of the bytes is left. A plain copy of the
# rest: hard links would end in the home, and whoever changes the copy would change the source.
linux=$WORK/patched
mkdir "$linux"
tar -C "$tree" -c --exclude='./Documentation/*.rst' --exclude='./Documentation/*.txt' --exclude='./Documentation/*.yaml' \
	--exclude='./sound/*.[ch]' --exclude='./drivers/'{gpu,net,media,infiniband,scsi,staging}'/*.[ch]' \
	--exclude='./arch/[!x]*.[chS]' --exclude='./arch/*.dts*' . | tar -C "$linux" -x
chmod u+w "$linux/init/main.c"
cat >>"$linux/init/main.c" <<'PATCH'

/*
 * For Kiln's tests: ends that a kernel can come to, chosen by kiln_test= on the command line.
 */
#ifdef KILN_BROKEN
#error this kernel was made not to compile
#endif
#include <linux/delay.h>
#include <linux/reboot.h>
static char kiln_test_word[16] __initdata;

static int __init kiln_test_setup(char *word)
{
	strscpy(kiln_test_word, word, sizeof(kiln_test_word));
	return 1;
}
__setup("kiln_test=", kiln_test_setup);

static int __init kiln_test(void)
{
	int *volatile nowhere = NULL;

	if (!strcmp(kiln_test_word, "panic"))
		panic("kiln_test asked for it");
	if (!strcmp(kiln_test_word, "oops"))
		*nowhere = 1;
	if (!strcmp(kiln_test_word, "reboot")) {
		pr_emerg("kiln_test restarts\n");
		emergency_restart();
	}
	if (!strcmp(kiln_test_word, "hang")) {
		pr_emerg("kiln_test hangs here\n");
		local_irq_disable();
		for (;;)
			cpu_relax();
	}
	while (!strcmp(kiln_test_word, "slow")) {
		pr_emerg("kiln_test goes on\n");
		mdelay(500);
	}
	while (!strcmp(kiln_test_word, "flood"))
		pr_emerg("kiln_test floods the console with a line that is neither short nor of any use\n");
	return 0;
}
late_initcall(kiln_test);
PATCH

# One board an end: the same machine, other words for the kernel, limits as short as they may be. With KVM limits are
# shorter, but not below 20 s in all and 10 s of silence.
boards=$XDG_CONFIG_HOME/kiln/catalog/board
mkdir -p "$boards"
# board WORD LIMIT SILENCE
board() { printf '%s\n' 'inherit: x86_64-pc' "append: kiln_test=$1" "limit: $2" "silence: $3" >"$boards/pc-$1.yaml"; }
board panic 90s 40s
board oops 90s 40s
board reboot 90s 40s
board hang 90s 10s
board slow 20s 20s
board flood 90s 40s
echo 'console_mb: 2' >>"$boards/pc-flood.yaml"
printf '%s\n' 'inherit: x86_64-pc' 'require: [X86_64=y]' 'limit: 60s' 'silence: 10s' >"$boards/pc-blind.yaml"
all=x86_64-pc,pc-panic,pc-oops,pc-reboot,pc-hang,pc-slow,pc-flood

tiny=(run --arch x86_64 --config tiny --source "$linux")
run 1 "a run with failed boots" "$KILN" "${tiny[@]}" --board "$all"
cp "$WORK/out" "$WORK/matrix"
# By its name: others may run at the same home.
"$KILN" show "$(sed -n 's/^run \([^ ]*\).*/\1/p' "$WORK/matrix")" --json >"$WORK/run.json"
is "$(json "$WORK/run.json" '[b["verdict"] for b in j["builds"]]')" "['pass']" "its build passes"
builds=$KILN_HOME/builds/$(json "$WORK/run.json" 'j["builds"][0]["build"].split("/")[0]')

# boot BOARD FIELD: of a boot of the run; record BOARD FIELD: of its record; console BOARD: its console.
boot() { json "$WORK/run.json" "[b['$2'] for b in j['boots'] if b['board'] == '$1'][0]"; }
record() { json "$(echo "$KILN_HOME"/records/??/*/"$(boot "$1" attempt)".json)" "j['$2']"; }
console() { "$KILN" log "x86_64/tiny/gcc@$1"; }
has() { [[ $1 == *"$2"* ]]; local s=$?; [ $s -eq 0 ] || printf '# got:  %s\n# want: ...%s...\n' "$1" "$2"; ok $s "$3"; }
lacks() { [[ $1 != *"$2"* ]]; local s=$?; [ $s -eq 0 ] || printf '# got:  %s\n# no:   ...%s...\n' "$1" "$2"; ok $s "$3"; }
# verdict BOARD VERDICT REASON SIGNATURE: parts of both texts.
verdict() {
	is "$(boot "$1" verdict)" "$2" "$1: $2"
	has "$(boot "$1" reason)" "$3" "$1: the reason says: $3"
	has "$(boot "$1" signature)" "$4" "$1: the signature says: $4"
	[ "$2" != fail ] || { grep -F "$1" "$WORK/matrix" | grep -qF "$3"; ok $? "$1: so does the terminal"; }
}
# line_is BOARD TEXT: the line that decided is this one of the console.
line_is() { has "$(console "$1" | tr -d '\r' | sed -n "$(boot "$1" line)p")" "$2" "$1: the line that decided is: $2"; }

is "$(boot x86_64-pc verdict)" pass "the same kernel without a word passes"
is "$(json "$WORK/run.json" '[b.get("signature") for b in j["boots"] if b["board"] == "x86_64-pc"]')" "[None]" "and has no signature"

verdict pc-panic fail "Kernel panic - not syncing: kiln_test asked for it" "panic: Kernel panic - not syncing: kiln_test asked for it"
line_is pc-panic "Kernel panic - not syncing: kiln_test asked for it"
# Without DEBUG_BUGVERBOSE a panic prints no trace: what the tiny kernel says after it is this.
is "$(record pc-panic excerpt | head -n 2)" "Kernel panic - not syncing: kiln_test asked for it
Kernel Offset: disabled" "pc-panic: the excerpt has what followed, line by line"

verdict pc-oops fail "kernel NULL pointer dereference, address: 0000000000000000" "NULL pointer dereference"
line_is pc-oops "BUG: kernel NULL pointer dereference"
has "$(boot pc-oops reason)" "then: " "pc-oops: the reason goes on"
has "$(boot pc-oops reason)" "Attempted to kill init" "pc-oops: with the panic that followed"
has "$(record pc-oops excerpt)" "
Call Trace:
" "pc-oops: the excerpt has the trace"
has "$(record pc-oops excerpt)" "Kernel panic - not syncing: Attempted to kill init" "pc-oops: and the panic"
lacks "$(boot pc-oops signature)" "00000000" "pc-oops: no address is in the signature"

verdict pc-reboot fail "rebooted before the done marker; its last line" "reboot"
has "$(boot pc-reboot reason)" "kiln_test restarts" "pc-reboot: the reason names the last line"

verdict pc-hang fail "hangs after" "hang: "
has "$(boot pc-hang reason)" "kiln_test hangs here" "pc-hang: the reason names the last line"
has "$(boot pc-hang signature)" "kiln_test hangs here" "pc-hang: and so does the signature"

verdict pc-slow fail "outlived its limit of 20 s" "limit"
has "$(boot pc-slow reason)" "kiln_test goes on" "pc-slow: the reason names the last line"
is "$(json "$WORK/run.json" 'all(19.9 < b["seconds"] < 25 for b in j["boots"] if b["board"] == "pc-slow")')" True "pc-slow: it was given its limit and no more"

verdict pc-flood fail "floods the console" "flood"
has "$(boot pc-flood reason)" "kiln_test floods the console" "pc-flood: the reason names the last line"
size=$(console pc-flood | wc -c)
[ "$size" -ge $((1 << 20)) ] && [ "$size" -le $((3 << 20)) ]
ok $? "pc-flood: the console that is kept is bounded ($size bytes)"

# The same fault has the same signature, and kiln judge finds the same in the console alone.
for name in pc-panic pc-oops; do
	console "$name" >"$WORK/console"
	"$KILN" judge "$WORK/console" --json >"$WORK/out" 2>"$WORK/err"
	is "$(json "$WORK/out" '(j["verdict"], j["signature"], j["line"])')" \
		"$(json "$WORK/run.json" "[(b['verdict'], b['signature'], b['line']) for b in j['boots'] if b['board'] == '$name'][0]")" \
		"$name: kiln judge says the same"
done
run 1 "panic and oops once more" "$KILN" "${tiny[@]}" --board pc-panic,pc-oops --json
is "$(json "$WORK/out" 'sorted(b["signature"] for b in j["boots"])')" \
	"$(json "$WORK/run.json" 'sorted(b["signature"] for b in j["boots"] if b["board"] in ("pc-panic", "pc-oops"))')" \
	"have the signatures they had"

# Without its console, and without what else costs time to compile.
grep -vE '^CONFIG_(SERIAL_8250_CONSOLE|ACPI|PCI|INET|NET)=' "$builds/x86_64/tiny/gcc/config" >"$WORK/mute.config"
printf '# CONFIG_%s is not set\n' SERIAL_8250_CONSOLE ACPI PCI NET >>"$WORK/mute.config"
run 1 "a kernel without its console" "$KILN" run --arch x86_64 --config "$WORK/mute.config" --source "$linux" --board x86_64-pc,pc-blind --json
cp "$WORK/out" "$WORK/run.json"
is "$(boot x86_64-pc verdict)" skip "its board is skipped"
has "$(boot x86_64-pc reason)" "SERIAL_8250_CONSOLE" "because of the symbol that is missing"
is "$(boot pc-blind verdict)" fail "a board that does not ask for a console fails"
has "$(boot pc-blind reason)" "silent from the start" "silent from the start"
is "$(boot pc-blind signature)" silent "with a signature of its own"
image=$builds/x86_64/mute.config/gcc/bzImage
run 1 "kiln boot of its image" "$KILN" boot "$image" --board x86_64-pc --timeout 15s --json
is "$(json "$WORK/out" 'j["verdict"]')" fail "fails"
has "$(json "$WORK/out" 'j["reason"]')" "silent from the start" "silent from the start"

# A kernel that does not compile.
run 1 "a kernel that does not compile" "$KILN" "${tiny[@]}" --board x86_64-pc --option KCFLAGS=-DKILN_BROKEN --json
cp "$WORK/out" "$WORK/run.json"
is "$(json "$WORK/run.json" '[b["verdict"] for b in j["builds"]]')" "['fail']" "its build fails"
has "$(json "$WORK/run.json" 'j["builds"][0]["reason"]')" "init/main.c" "the reason names the file"
has "$(json "$WORK/run.json" 'j["builds"][0]["reason"]')" "#error this kernel was made not to compile" "and is the first error"
is "$(boot x86_64-pc verdict)" skip "its board is skipped"
run 0 "its log" "$KILN" log x86_64/tiny/gcc
out_has "error: #error this kernel was made not to compile" "has the error"
dir=$builds/x86_64/tiny/gcc
[ ! -e "$dir/bzImage" ] && [ -e "$dir/build.log" ]
ok $? "its directory has the log, and no image of another build"
is "$(left_over)" "" "nothing is left in the home's tmp"
finish
