# conf of the fake tree: conf.sh SRCTREE OBJTREE SRCARCH VERSION MODE. Works as scripts/kconfig/conf does for
# bool, tristate, string and int symbols, "depends on", "select", "default" and "if" behind a prompt.
set -eu
src=$1 out=$2 srcarch=$3 version=$4 mode=$5
user=/dev/null
case $mode in
olddefconfig)
	[ -f "$out/.config" ] && user=$out/.config ;;
*defconfig)
	if [ "$mode" != alldefconfig ]; then
		user=$src/arch/$srcarch/configs/$mode
		if [ ! -f "$user" ]; then
			printf '***\n*** Can'\''t find default configuration "arch/%s/configs/%s"!\n***\n' "$srcarch" "$mode" >&2
			exit 1
		fi
	fi ;;
esac
case $mode in
all*config | randconfig)
	if [ -n "${KCONFIG_ALLCONFIG:-}" ] && [ "$KCONFIG_ALLCONFIG" != 1 ]; then
		user=$KCONFIG_ALLCONFIG
		if [ ! -f "$user" ]; then
			echo "*** Can't read seed configuration \"$user\"!" >&2
			exit 1
		fi
	fi ;;
esac
awk -v mode="$mode" -v probability="${KCONFIG_PROBABILITY:-}" -v seed="${KCONFIG_SEED:-0}" -v settings="$user" -v title="Linux/$srcarch $version Kernel Configuration" \
	-f "$src/scripts/conf.awk" "$user" "$src/init/Kconfig" "$src/arch/$srcarch/Kconfig" "$src/drivers/Kconfig" \
	>"$out/.config.new"
mv "$out/.config.new" "$out/.config"
printf '#\n# configuration written to .config\n#\n'
