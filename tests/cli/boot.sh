#!/bin/bash
# kiln boot on a fake QEMU: each way that a boot can end, and what a person gets wrong.
. "$(dirname "$0")/../lib.sh"

mkdir -p "$WORK/bin" "$XDG_CONFIG_HOME/kiln/catalog/arch" "$XDG_CONFIG_HOME/kiln/catalog/board"
ln -s "$TESTS/fake-qemu" "$WORK/bin/qemu-system-fake"
PATH=$WORK/bin:$PATH
cat >"$XDG_CONFIG_HOME/kiln/catalog/arch/fake.yaml" <<END
kernel: fake
srcarch: fake
bits: 64
endian: little
image_target: Image
image_path: arch/fake/boot/Image
qemu: fake
qemu_package: qemu-system-fake
compilers:
  - {toolchain: gcc, prefix: fake-linux-gnu-, package: gcc-fake}
END
# board NAME LINE...: a board of the fake architecture, with further lines.
board() {
	local name=$1
	shift
	printf '%s\n' 'arch: fake' 'console: ttyS0' 'ends: {poweroff: true, reboot: true}' 'limit: 20s' 'silence: 1s' \
		'require: [64BIT=y]' "$@" >"$XDG_CONFIG_HOME/kiln/catalog/board/$name.yaml"
}
board paper 'qemu_machine: fake'
board late 'qemu_machine: fake' 'qemu_min: "99.1"'
board unknown 'qemu_machine: nosuch'
board real 'lava: {type: real, method: u-boot}'
sed -i '/^ends:/d' "$XDG_CONFIG_HOME/kiln/catalog/board/real.yaml"
board cpuless 'qemu_machine: fake' 'qemu_cpu: missing'
board nofirmware 'qemu_machine: fake' 'firmware: [nosuch.bin]' 'firmware_package: paper-firmware'
board stays 'qemu_machine: fake' 'qemu_args: [-device, paper]'
sed -i 's/poweroff: true/poweroff: false/' "$XDG_CONFIG_HOME/kiln/catalog/board/stays.yaml"

# boots STATUS NAME LINE...: the lines are what the machine does.
boots() {
	local status=$1 name=$2
	shift 2
	printf '%s\n' "$@" >"$WORK/image"
	run "$status" "$name" "$KILN" boot "$WORK/image" --board "${BOARD:-paper}" --json
}
field() { python3 -c 'import json,sys; print(json.load(open(sys.argv[1])).get(sys.argv[2]))' "$WORK/out" "$1"; }
end_is() { is "$(field end)" "$1" "$2"; }

boots 0 "a guest that powers off passes" "hello" "@poweroff"
end_is exit "it ended by itself"
is "$(cat "$(field console)")" hello "its console is kept"
boots 1 "a panic fails" "[    1.0] Kernel panic - not syncing: no init" "[    1.0] ---[ end Kernel panic - not syncing: no init ]---" "@hang"
end_is decided "it was ended at the last line of its trace"
is "$(field line)" 1 "and the line is named"
boots 1 "a guest that resets fails" "hello" "@reset"
end_is reboot "the reset is seen"
BOARD=stays boots 0 "where power off does not end the machine, a reset may" "hello" "@reset"
BOARD=stays boots 0 "so may the kernel's last words" "reboot: Power down" "@hang"
boots 1 "silence from the start fails" "@hang"
end_is silence "as silence"
out_has "silent from the start" "and is called so"
boots 1 "a hang after some output fails" "[    0.000000] Linux version 6.1.0 (paper)" "[    0.100000] probing paper" "@hang"
out_has "probing paper" "the last line is named"
boots 1 "a flood fails" "@flood 70000000"
end_is flood "as a flood"
is "$(stat -c %s "$(field console)")" 67108864 "and is kept up to 64 MiB"
boots 1 "a panic reported by a device fails" "fine so far" "@panicked"
boots 3 "a machine stopped by QEMU is no fault of the kernel" "hello" "@stop internal-error"
boots 3 "nor is a QEMU that dies" "hello" "@signal 11"
out_has "signal 11" "the signal is named"
boots 3 "nor one that ends with a complaint" "hello" "@stderr fake-qemu: disk gone" "@exit 1"
out_has "disk gone" "which is quoted"
boots 3 "nor one that refuses to start" "@refuse"
out_has "this machine does not start" "with its words"
boots 3 "nor a control channel of garbage" "hello" "@garbage" "@hang"
boots 1 "an emulated CPU led astray is the kernel's fault" "hello" "@stderr qemu: fatal: Trying to execute code outside RAM" "@signal 6"
complains() { boots "$1" "$2" "${@:3}"; is "$(field signature)/$(field line)" "$signature/0" "- with its signature, and no line of the console"; }
signature="qemu-image: qemu-system-fake: could not load kernel '/kiln/image': The image has incorrect endianness" complains 1 "an image that QEMU refuses is the kernel's fault" \
	"@complain qemu-system-fake: could not load kernel '/kiln/image': The image has incorrect endianness"
out_has "The image has incorrect endianness" "QEMU's sentence is the reason"
out_lacks "missing" "without advice on what is not the matter"
boots 1 "whatever was said before it" "@complain qemu: module audio-audio-pa not found, do you want to install qemu-system-gui package?" \
	"@complain qemu-system-fake: warning: a machine of paper" "@complain qemu-system-fake: could not load firmware '/kiln/image'"
out_has "could not load firmware" "or what it is called"
signature=None complains 3 "firmware is not" "@complain qemu-system-fake: could not load firmware 'bios.bin'"
out_has "install the package" "and there is advice"
signature=None complains 3 "nor is a file that cannot be read" "@complain qemu-system-fake: could not load kernel '/kiln/image': Permission denied"
signature=None complains 3 "nor memory" "@complain qemu-system-fake: kernel '/kiln/image' is too large to fit in RAM (kernel size 9, RAM size 8)"
out_has "--memory" "which can be had"
signature=None complains 3 "nor the network" "@complain qemu-system-fake: -netdev user,id=n: network backend 'user' is not compiled into this binary"
signature=None complains 3 "nor what nobody knows" "@complain qemu-system-fake: paper is out"
boots 0 "what is said of images once the machine runs is nobody's fault" "hello" "@stderr qemu-system-fake: could not load kernel '/kiln/image'" "@poweroff"
boots 0 "a guest may choose the exit status" "hello" "@exit 3"
BOARD=cpuless boots 3 "a CPU that QEMU does not know is infra" "hello"
out_has "-cpu help" "with a hint"
boots 0 "binary bytes and escapes are no trouble" "@raw \\x00\\xff\\x1b]0;x\\x07\\x1b[2J" "done" "@poweroff"
boots 1 "the marker's failure is seen past a deaf QEMU" "@deaf" "Kernel panic - not syncing: x" "---[ end Kernel panic - not syncing: x ]---" "@hang"

printf '%s\n' "talk" "@sleep 0.3" "talk" "@sleep 0.3" "talk" "@sleep 0.3" "@hang" >"$WORK/image"
run 1 "--timeout ends a boot" "$KILN" boot "$WORK/image" --board paper --timeout 500ms --json
end_is limit "as its limit"
printf '%s\n' "@args" "@poweroff" >"$WORK/image"
run 0 "text for people" "$KILN" boot "$WORK/image" --board paper --append "quiet extra" --initrd "$WORK/image" --dtb "$WORK/image"
out_has "paper: pass" "board and verdict"
grep -qx 'console=ttyS0 panic=-1 quiet extra' "$(sed -n 's/^console: //p' "$WORK/out")"
ok $? "--append reaches the command line"
grep -qx -- '/kiln/dtb' "$(sed -n 's/^console: //p' "$WORK/out")"
ok $? "--dtb reaches QEMU"

printf '%s\n' "login:" "@echo" "@hang" >"$WORK/image"
{ echo root; sleep 1.5; printf '\035'; sleep 20; } | timeout 15 "$KILN" boot "$WORK/image" --board paper --console >"$WORK/out" 2>"$WORK/err"
is "${PIPESTATUS[1]}" 0 "--console: typing, then Ctrl-] leaves"
out_has "[root]" "what was typed reached the guest"
out_has "the console was left" "that it was left is the reason"
err_has "Ctrl-]" "how to leave is said"
run 2 "--console wants something to type on" "$KILN" boot "$WORK/image" --board paper --console
err_has "terminal" "and says so"

run 2 "no image" "$KILN" boot --board paper
run 2 "no board" "$KILN" boot "$WORK/image"
run 2 "a board that is not there" "$KILN" boot "$WORK/image" --board nosuch
err_has "kiln catalog list board" "says where they are listed"
run 2 "an image that is not there" "$KILN" boot "$WORK/nosuch" --board paper
run 2 "an image that is a directory" "$KILN" boot "$WORK" --board paper
: >"$WORK/empty"
run 2 "an empty image" "$KILN" boot "$WORK/empty" --board paper
run 2 "a board too new for this QEMU" "$KILN" boot "$WORK/image" --board late
err_has ">=99.1 is needed" "names the version"
run 2 "a machine that this QEMU does not have" "$KILN" boot "$WORK/image" --board unknown
err_has "machine nosuch is needed" "names the machine"
run 2 "a board that only labs have" "$KILN" boot "$WORK/image" --board real
err_has "kiln run --runner lava boots it" "says what boots it"
run 2 "missing firmware" "$KILN" boot "$WORK/image" --board nofirmware
err_has "paper-firmware" "names the package"
rm "$WORK/bin/qemu-system-fake"
run 2 "missing QEMU" "$KILN" boot "$WORK/image" --board paper
err_has "qemu-system-fake" "names the package"
finish
