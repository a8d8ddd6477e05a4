#!/bin/bash
# A fault planted into a real kernel: an option that makes the boot panic, among more than 300 that differ. kiln minimise
# finds exactly it, in at most 25 builds.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
shared_home
SOURCE=${KILN_E2E_SOURCE:-deb:linux-source-6.1}
planted=$KILN_HOME/planted
catalog=$XDG_CONFIG_HOME/kiln/catalog

for tool in gcc qemu-system-x86_64; do
	command -v $tool >/dev/null || { skip "minimising on a real kernel" "$tool is not installed"; finish; exit; }
done
# The smallest kernel of this board, without PCI and ACPI, and the same with every option of these files that can be had.
mkdir -p "$catalog"/{config,fragment}
printf '%s\n' 'target: allnoconfig' 'fragments: [tiny, small]' >"$catalog/config/small.yaml"
printf '%s\n' 'target: allnoconfig' 'fragments: [tiny, small, crowd]' >"$catalog/config/crowd.yaml"
printf '%s\n' CONFIG_64BIT=y CONFIG_KERNEL_GZIP=y CONFIG_SERIAL_8250=y CONFIG_SERIAL_8250_CONSOLE=y >"$catalog/fragment/small.config"
: >"$catalog/fragment/crowd.config"
run 0 "the source" "$KILN" plan --arch x86_64 --config small --source "$SOURCE"

tree=$(ls -d "$KILN_HOME"/sources/linux-source-6.1-*/tree | head -n 1)
if [ ! -e "$planted/init/planted.c" ]; then
	chmod -R u+w "$planted" 2>/dev/null
	rm -rf "$planted"
	cp -al "$tree" "$planted"
	printf '\nconfig KILN_PLANTED\n\tbool "A planted fault"\n' >>"$planted/init/Kconfig.new"
	cat "$tree/init/Kconfig" "$planted/init/Kconfig.new" >"$planted/init/Kconfig.all"
	mv -f "$planted/init/Kconfig.all" "$planted/init/Kconfig"
	rm "$planted/init/Kconfig.new"
	{ cat "$tree/init/Makefile"; echo 'obj-$(CONFIG_KILN_PLANTED) += planted.o'; } >"$planted/init/Makefile.new"
	mv -f "$planted/init/Makefile.new" "$planted/init/Makefile"
	printf '%s\n' '#include <linux/init.h>' '#include <linux/kernel.h>' \
		'static int __init planted(void)' '{' '	panic("a planted fault");' '}' 'late_initcall(planted);' >"$planted/init/planted.c"
fi
# One file of C each, or none.
cd "$planted" || exit 1
{
	echo CONFIG_KILN_PLANTED=y
	printf 'CONFIG_%s=y\n' INPUT INPUT_KEYBOARD INPUT_MOUSE INPUT_JOYSTICK INPUT_TOUCHSCREEN INPUT_MISC INPUT_TABLET HID HID_SUPPORT NLS CRYPTO \
		SERIO GAMEPORT NEW_LEDS LEDS_CLASS LEDS_TRIGGERS GPIOLIB WATCHDOG POWER_SUPPLY RTC_CLASS SPI
	awk '/^config / { name = $2 } /^\t(bool|tristate) "/ && name { print "CONFIG_" name "=y"; name = "" }' \
		fs/nls/Kconfig lib/Kconfig crypto/Kconfig drivers/hid/Kconfig drivers/input/*/Kconfig drivers/input/*/*/Kconfig drivers/leds/trigger/Kconfig |
		grep -vE 'TEST|CRYPTO_(USER|FIPS|SIMD|RSA|DH|EC|SM|CURVE|CAMELLIA|TWOFISH|SERPENT|AEGIS|CAST|ADIANTUM|STREEBOG|AES|JITTER|DRBG)|_DEBUG|IRQ_POLL|ZSTD|842'
} | awk '!seen[$0]++' >"$catalog/fragment/crowd.config"
cd - >/dev/null || exit 1

name=crowd/gcc@x86_64-pc
run 1 "a kernel with a crowd of options panics" "$KILN" run --arch x86_64 --config crowd --board x86_64-pc --source "$planted"
out_has "a planted fault" "by the planted one"
run 0 "kiln minimise" "$KILN" minimise "x86_64/$name" --good small --json
cp "$WORK/out" "$WORK/result.json"
is "$(json "$WORK/result.json" 'j["options"]')" "['CONFIG_KILN_PLANTED=y']" "finds exactly it"
is "$(json "$WORK/result.json" 'j["differing"] >= 300')" True "among 300 options or more"
is "$(json "$WORK/result.json" 'j["builds"] <= 25')" True "in at most 25 builds"
is "$(json "$WORK/result.json" 'j["steady"]')" True "and it fails so each time"
echo "# $(json "$WORK/result.json" '"%d options, %d builds, %d trials" % (j["differing"], j["builds"], j["trials"])')"
sed 's/^/# /' "$WORK/err" | head -n 60
finish
