# doc/add-a-board.md does what it says: its file and its commands are taken out of it and run.
. "$(dirname "$0")/../lib.sh"
doc=$TESTS/../doc/add-a-board.md
# blocks LANGUAGE: the lines of all blocks of this language.
blocks() { awk -v open="\`\`\`$1" '$0 == "```" { on = 0 } on { print } $0 == open { on = 1 }' "$doc"; }
file=$(grep -o '~/.config/kiln/catalog/board/[a-z0-9-]*.yaml' "$doc")
board=$(basename "$file" .yaml)
mkdir -p "$XDG_CONFIG_HOME/kiln/catalog/board" "$WORK/bin"
blocks yaml >"$XDG_CONFIG_HOME/kiln/catalog/board/$board.yaml"
lines=$(wc -l <"$XDG_CONFIG_HOME/kiln/catalog/board/$board.yaml")
[ "$lines" -ge 8 ] && [ "$lines" -le 15 ]
ok $? "the file has about ten lines"
ln -s "$KILN" "$WORK/bin/kiln"
PATH=$WORK/bin:$PATH
cd "$WORK" || exit 1
# command_of BEGINNING: the command of the document that begins so.
command_of() { blocks sh | grep "^$1"; }

run 0 "kiln catalog check" bash -c "$(command_of 'kiln catalog check')"
run 0 "kiln catalog show" bash -c "$(command_of 'kiln catalog show') --json"
is "$(json out '[j["cpus"], j["memory_mb"], j["qemu_cpu"]]')" "[2, 128, 'neoverse-n1']" "has what is written and what is not"

# The kernel that the end-to-end tests have built, or a .config as it would have and a machine of paper.
e2e=${KILN_E2E_HOME:-$TESTS/../build/e2e-home}
real=$(ls -d "$e2e"/builds/linux-source-6.1-*/arm64/tiny/gcc 2>/dev/null | head -n 1)
if [ -n "$real" ] && [ -s "$real/config" ] && [ -s "$real/Image" ] && command -v qemu-system-aarch64 >/dev/null; then
	cp "$real/config" .config
	shared_home
	run 0 "kiln run boots it" bash -c "$(command_of 'kiln run')"
	out_has "1 boots: 1 pass" "with Kiln's own init, on two CPUs"
else
	printf '%s\n' '# Linux/arm64 6.1.0 Kernel Configuration' CONFIG_ARM64=y CONFIG_ARM_GIC_V3=y CONFIG_ARM_ARCH_TIMER=y \
		CONFIG_SERIAL_AMBA_PL011_CONSOLE=y CONFIG_BLK_DEV_INITRD=y CONFIG_SMP=y CONFIG_NR_CPUS=256 >.config
	cp "$TESTS/fake-qemu" bin/
	cat >bin/qemu-system-aarch64 <<'END'
#!/usr/bin/env -S python3 -I
import os, sys
if "help" in sys.argv and "-machine" in sys.argv:
    print("Supported machines are:\nvirt                 paper")
    sys.exit()
for i, word in enumerate(sys.argv):
    if word == "-machine":
        sys.argv[i + 1] = "fake"
fake = os.path.join(os.path.dirname(os.path.realpath(__file__)), "fake-qemu")
os.execv(fake, [fake] + sys.argv[1:])
END
	chmod +x bin/qemu-system-aarch64
	printf '%s\n' "[    0.000000] Linux version 6.1.99-fake" "@poweroff" >Image
	run 0 "kiln boot boots it" bash -c "$(command_of 'kiln boot')"
	out_has "$board: pass" "and it passes"
fi
run 0 "kiln why" bash -c "$(command_of 'kiln why')"
out_has "$board: yes" "says yes to a .config that fits"
sed -i 's/^CONFIG_ARM_GIC_V3=y/# CONFIG_ARM_GIC_V3 is not set/' .config
run 0 "kiln why" bash -c "$(command_of 'kiln why')"
out_has "ARM_GIC_V3 is not set, y is required" "names what is missing in one that does not"
finish
