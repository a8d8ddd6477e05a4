#!/usr/bin/env bash
# A root out of Debian's packages, made by an ordinary user who has no range of subordinate ids.
. "$(dirname "$0")/../lib.sh"
case $(uname -m) in
x86_64) arch=x86_64 ;;
aarch64) arch=arm64 ;;
*) skip "a root of the host's own architecture" "the test does not know $(uname -m)"; finish; exit ;;
esac
suite=$(. /etc/os-release && [ "$ID" = debian ] && echo "$VERSION_CODENAME")
[ -n "$suite" ] || { skip "a root out of packages" "this host's apt has no mirror of Debian"; finish; exit; }
command -v mmdebstrap >/dev/null || { skip "a root out of packages" "mmdebstrap is not there"; finish; exit; }

mkdir -p "$XDG_CONFIG_HOME/kiln/catalog/root" "$KILN_HOME"
printf 'arch: %s\nbase: debian\nsuite: %s\npackages: [base-files]\nunproved: true\n' "$arch" "$suite" \
	>"$XDG_CONFIG_HOME/kiln/catalog/root/small.yaml"
user=()
if [ "$(id -u)" -eq 0 ]; then
	user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	chmod 711 "$WORK"
	chown -R 65534:65534 "$KILN_HOME"
fi
run 0 "a root is made" "${user[@]}" "$KILN" root make small
id=$(cat "$WORK/out")
is "$(find "$KILN_HOME/roots/$id/tree" -printf '%u\n' | sort -u | wc -l)" 1 "all its files have one owner"
run 0 "it is entered" "${user[@]}" "$KILN" root run small -- sh -c 'id -un; dpkg-query -W -f "\${Package}\n" base-files'
is "$(tr '\n' ' ' <"$WORK/out")" "kiln base-files " "by its build user, with its packages"
run 0 "its superuser installs" "${user[@]}" "$KILN" root run small --superuser -- sh -c 'id -u; chown 1:1 /etc/hostname /etc/issue; dpkg --audit && echo sound'
is "$(tr '\n' ' ' <"$WORK/out")" "0 sound " "what stays in memory"
finish
