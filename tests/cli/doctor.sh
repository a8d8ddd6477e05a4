#!/usr/bin/env bash
# kiln doctor: what is there, what is missing, and the exit status that follows.
. "$(dirname "$0")/../lib.sh"

# The host's programs without some.
bin_without() {
	mkdir -p "$WORK/bin"
	ln -sf /usr/bin/* "$WORK/bin/"
	for name in "$@"; do rm -f "$WORK/bin/"$name; done
}

json() { perl -MJSON::PP -e 'local $/; my $d = decode_json(<STDIN>); '"$1" <"$WORK/out"; }

run 0 "a host with all that the tests need" "$KILN" doctor
out_has "All that kiln run smoke needs is here." "it says so"
out_has "user namespaces work" "sandboxes can be made"

run 0 "as JSON" "$KILN" doctor --json
json 'exit !($d->{ok} && @{$d->{checks}} > 20)'
ok $? "JSON has the checks"
json 'exit scalar grep { $_->{status} ne "ok" && ($_->{needed} || !length $_->{get}) } @{$d->{checks}}'
ok $? "what is missing is not needed, and each says how to get it"
json 'exit scalar grep { $_->{status} eq "ok" && (!length $_->{found} || defined $_->{get}) } @{$d->{checks}}'
ok $? "what is there says what was found"

bin_without flex bison gdb
run 3 "needed programs are missing" env PATH="$WORK/bin" "$KILN" doctor
out_has "missing  flex" "flex is named"
out_has "Missing for kiln run smoke: 2" "what is only good to have does not count"
out_has "Install as root: apt-get install flex bison" "one command installs what is needed"
rm -rf "$WORK/bin"

bin_without gdb rsync
run 0 "programs that are only good to have are missing" env PATH="$WORK/bin" "$KILN" doctor
out_has "missing  gdb" "gdb is named"

bin_without 'qemu-alpha*' 'qemu-hppa*'
run 0 "without the emulators of some architectures" env PATH="$WORK/bin" "$KILN" doctor
out_has "none is there for alpha, parisc; apt-get install qemu-user-static" "they are named"
out_has "a sandbox can say who runs foreign programs" "and the others are of use"
rm -rf "$WORK/bin"

touch "$WORK/file"
run 3 "a home below a file" "$KILN" doctor --home "$WORK/file/home"
out_has "missing  home" "the home is named"
out_has "give another with --home or KILN_HOME" "and what to do"
run 0 "a home that is not made yet" "$KILN" doctor --home "$WORK/a/b/c"
[ ! -e "$WORK/a" ]
ok $? "the doctor makes none"

if unshare -Ur true 2>/dev/null; then
	run 3 "a host without user namespaces" unshare -Ur sh -c \
		'echo 0 >/proc/sys/user/max_user_namespaces && exec "$0" doctor' "$KILN"
	out_has "sysctl user.max_user_namespaces=" "the switch is named"
else
	skip "a host without user namespaces" "unshare cannot make a user namespace"
fi
# The kernel's switches that this one does not have, over a /proc that lets no sandbox be made.
refusing() { # NAME VALUE TEXT
	run 3 "a host with $1=$2" unshare -Urm sh -c 'mkdir "$1" && echo "$3" >"$1/$2" && mount --bind "$1" /proc/sys/kernel && exec "$0" doctor' \
		"$KILN" "$WORK/sys" "$1" "$2"
	out_has "$3" "the switch is named"
	rm -rf "$WORK/sys"
}
if unshare -Urm true 2>/dev/null; then
	refusing unprivileged_userns_clone 0 "sysctl kernel.unprivileged_userns_clone=1"
	refusing apparmor_restrict_unprivileged_userns 1 'a profile with the rule "userns,"'
else
	skip "a host with other switches" "unshare cannot make a user namespace"
fi

run 2 "an unknown option" "$KILN" doctor --frobnicate
err_has "--frobnicate" "it is named"
run 2 "an operand" "$KILN" doctor flex
err_has 'doctor takes no operand, not "flex"' "it is named"
finish
