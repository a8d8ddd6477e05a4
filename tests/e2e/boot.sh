#!/bin/bash
# kiln boot on the real QEMU. The "kernels" are a few instructions on the bare machine, so that each end of a boot
# takes tenths of a second and no kernel build.
. "$(dirname "$0")/../lib.sh"

cc=aarch64-linux-gnu-gcc
for tool in $cc qemu-system-aarch64 qemu-system-x86_64; do
	command -v $tool >/dev/null || { skip "boots in the real QEMU" "$tool is not installed"; finish; exit; }
done

# kernel NAME TEXT ENDING: prints the text on the PL011 of QEMU's machine virt, then runs the ending.
kernel() {
	cat >"$WORK/$1.S" <<END
	.global _start
_start:	ldr x1, =0x09000000
	adr x2, text
1:	ldrb w3, [x2], #1
	cbz w3, 2f
	strb w3, [x1]
	b 1b
2:	$3
	.ltorg
text:	.asciz "$2"
END
	$cc -nostdlib -static -Wl,-Ttext=0x40200000,--build-id=none -o "$WORK/$1" "$WORK/$1.S" || echo "# cannot make $1"
}
# PSCI: SYSTEM_OFF and SYSTEM_RESET (Arm DEN 0022).
off='movz w0, #0x8400, lsl #16; movk w0, #8; hvc #0'
reset='movz w0, #0x8400, lsl #16; movk w0, #9; hvc #0'
hang='3: wfi; b 3b'
start='[    0.000000] Linux version 6.1.0 (bare)\n'
kernel off "${start}fine\n" "$off"
kernel reset "${start}fine\n" "$reset"
kernel hang "${start}fine\n" "$hang"
kernel silent '' "$hang"
kernel panic "${start}[    0.100000] Kernel panic - not syncing: no init\n[    0.100001] ---[ end Kernel panic - not syncing: no init ]---\n" "$hang"
kernel done 'KILN-GUEST-START machine=bare cpus=1\nKILN-GUEST-DONE status=0\n' "$hang"

field() { python3 -c 'import json,sys; print(json.load(open(sys.argv[1])).get(sys.argv[2]))' "$WORK/out" "$1"; }
# boots STATUS END NAME IMAGE OPTION...
boots() {
	local status=$1 end=$2 name=$3 image=$4
	shift 4
	run "$status" "$name" "$KILN" boot "$WORK/$image" --board arm64-virt --json "$@"
	is "$(field end)" "$end" "$name: its end is $end"
}
boots 0 exit "power off" off
is "$(tail -n 1 "$(field console)")" fine "the console is whole"
boots 1 reboot "reset" reset
boots 1 limit "outlives its limit" hang --timeout 2s
boots 1 limit "silent from the start" silent --timeout 2s
out_has "silent from the start" "and called so"
boots 1 decided "panic" panic
out_has "panic" "with its reason"
boots 0 decided "the done marker ends a machine that stays on" done
python3 -c 'import json,sys; sys.exit(json.load(open(sys.argv[1]))["seconds"] > 10)' "$WORK/out"
ok $? "at once"
echo "this is no kernel" >"$WORK/text"
run 1 "an image that QEMU does not load fails" "$KILN" boot "$WORK/text" --board x86_64-pc --json
out_has "invalid kernel header" "with QEMU's words"

# A debugger's first words, by hand: ask why the machine stands still, then let it run.
"$KILN" boot "$WORK/off" --board arm64-virt --gdb --json >"$WORK/out" 2>"$WORK/err" &
pid=$!
for _ in $(seq 100); do
	socket=$(sed -n "s/.*target remote \([^']*\)'.*/\1/p" "$WORK/err")
	[ -S "${socket:-/nonexistent}" ] && break
	sleep 0.1
done
grep -q "gdb .*target remote" "$WORK/err"
ok $? "--gdb prints the command line"
python3 - "$socket" >"$WORK/gdb" 2>&1 <<'END'
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(10)
s.connect(sys.argv[1])
s.sendall(b"+$?#3f")
text = b""
while b"$" not in text or b"#" not in text:
    text += s.recv(100)
print(text.decode())
s.sendall(b"+$c#63")
try:
    while s.recv(100):
        pass
except OSError:
    pass
END
grep -q '\$T' "$WORK/gdb"
ok $? "the debugger finds the machine stopped"
wait $pid
is $? 0 "and it runs on when told to"
[ ! -e "$socket" ]
ok $? "the socket is gone"
finish
