# A whole farm in little for tests in shell: a kernel tree whose image is a script, and a QEMU that follows it.
# Builds and boots take milliseconds and everything between them is real. Source it after lib.sh.
# shellcheck shell=bash
mkdir -p "$WORK/bin" "$XDG_CONFIG_HOME"/kiln/catalog/{arch,board,config,rootfs,matrix,fragment}
ln -s "$TESTS/fake-qemu" "$WORK/bin/qemu-system-fake"
PATH=$WORK/bin:$PATH
catalog=$XDG_CONFIG_HOME/kiln/catalog
cat >"$catalog/arch/fake.yaml" <<'END'
kernel: x86
srcarch: x86
bits: 64
endian: little
image_target: bzImage
image_path: arch/x86/boot/bzImage
qemu: fake
qemu_package: qemu-system-fake
init_cflags: [-m64]
compilers:
  - {toolchain: gcc, prefix: "", package: gcc}
END
for board in paper card; do
	printf '%s\n' 'arch: fake' "description: a machine of $board" 'qemu_machine: fake' 'console: ttyS0' \
		'ends: {poweroff: true, reboot: true}' 'limit: 20s' 'silence: 5s' 'require: ["!BROKEN_BOOT"]' >"$catalog/board/$board.yaml"
done
sed -i 's/require:.*/require: [{require: NOISY_BUILD=y, hint: set it with the fragment noisy}]/' "$catalog/board/card.yaml"
printf '%s\n' 'transport: initrd' 'kind: init' 'require: []' >"$catalog/rootfs/init.yaml"
# fake_config NAME LINE...: a config of the catalogue, its lines as a fragment.
fake_config() {
	local name=$1
	shift
	printf 'target: allnoconfig\nfragments: [%s]\n' "$name" >"$catalog/config/$name.yaml"
	printf '%s\n' CONFIG_EXPERT=y "$@" >"$catalog/fragment/$name.config"
}
fake_config good
fake_config noisy CONFIG_NOISY_BUILD=y
fake_config broken CONFIG_BROKEN_BUILD=y
fake_config slow CONFIG_SLOW_BUILD=y
cat >"$catalog/matrix/little.yaml" <<'END'
description: two builds
rows:
  - {archs: [fake], configs: [good, noisy], toolchains: [gcc], rootfs: init, suites: []}
END
# fake_source DIR LINE...: a kernel whose image is these lines.
fake_source() {
	local dir=$1
	shift
	cp -R "$TESTS/fake-kernel" "$dir"
	printf '%s\n' "$@" >"$dir/boot.script"
	sed -i 's,^\t@$(CROSS_COMPILE)objcopy .*,\t@{ cat $(srctree)/boot.script; sha256sum <$(config); } >$(b)/$@,' "$dir/Makefile"
}
GOOD_BOOT=("[    0.000000] Linux version 6.1.99-fake" "KILN-GUEST-START machine=fake release=6.1.99 cpus=1 bits=64 endian=little"
	"KTAP version 1" "1..0" "KILN-GUEST-DONE status=0" "@poweroff")
fake_source "$WORK/linux" "${GOOD_BOOT[@]}"
# processes: how many run for this test's home: by their environment, or in a sandbox made of its directories.
processes() {
	python3 - "$WORK" <<'END'
import os, sys
mark, own, n = sys.argv[1].encode(), set(), 0
pid = os.getpid()
while pid > 1:
    own.add(pid)
    pid = int(open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[1])
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        stat = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
        if int(pid) in own or int(stat[1]) in own or stat[0] == "Z":
            continue
        text = open(f"/proc/{pid}/environ", "rb").read() + open(f"/proc/{pid}/mountinfo", "rb").read()
        n += mark in text
    except OSError:
        pass
print(n)
END
}
