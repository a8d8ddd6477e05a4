#!/usr/bin/env bash
# kiln root: what it says when a root cannot be made, and that no half-made root is ever taken for one.
. "$(dirname "$0")/../lib.sh"
case $(uname -m) in
x86_64) arch=x86_64 ;;
aarch64) arch=arm64 ;;
*) skip "roots of the host's own architecture" "the test does not know $(uname -m)"; finish; exit ;;
esac
catalog=$XDG_CONFIG_HOME/kiln/catalog/root
mkdir -p "$catalog" "$XDG_CONFIG_HOME/kiln/keyring"

bin_without() {
	rm -rf "$WORK/bin"
	mkdir -p "$WORK/bin"
	ln -sf /usr/bin/* "$WORK/bin/"
	for name in "$@"; do rm -f "$WORK/bin/"$name; done
}
debian() { # NAME ARCH
	printf 'arch: %s\nbase: debian\nsuite: nosuite\npackages: [base-files]\nunproved: true\n' "$2" >"$catalog/$1.yaml"
}
debian own "$arch"
debian foreign alpha
debian skipped "$arch"
echo 'skip: it rains' >>"$catalog/skipped.yaml"

run 2 "an unknown name" "$KILN" root make nothing
err_has 'no root is called "nothing"; kiln root list shows' "it is named"
run 2 "a recipe that is skipped" "$KILN" root make skipped
err_has "skipped cannot be made: it rains" "its reason is said"
run 0 "all recipes are listed" "$KILN" root list
out_has "it rains" "with what is skipped"
run 2 "a root that is not made" "$KILN" root show own
err_has "make it with: kiln root make own" "the command is named"
run 2 "nor entered" "$KILN" root run own -- true
err_has "kiln root make own" "the command is named"
run 2 "a mirror that is gone" "$KILN" root make own --mirror http://127.0.0.1:9/debian
err_has "Connection refused" "what apt said is shown"
mkdir -p "$WORK/mirror/dists"
run 2 "a mirror without the suite" "$KILN" root make own --mirror "file://$WORK/mirror"
err_has "own: mmdebstrap ended with status" "it is said who failed"
bin_without mmdebstrap
run 2 "no mmdebstrap" env PATH="$WORK/bin" "$KILN" root make own
err_has "apt-get install mmdebstrap" "the package is named"
bin_without 'qemu-alpha*'
run 2 "no emulator" env PATH="$WORK/bin" "$KILN" root make foreign
err_has "apt-get install qemu-user-static" "the package is named"
rm -rf "$WORK/bin"
is "$(left_over; ls -d "$KILN_HOME"/roots/own-* 2>/dev/null)" "" "nothing is left of it"
if unshare -Ur true 2>/dev/null; then
	run 3 "a host without user namespaces" unshare -Ur sh -c \
		'echo 0 >/proc/sys/user/max_user_namespaces && exec "$0" root make own --mirror file:///nowhere' "$KILN"
	err_has "sysctl user.max_user_namespaces=" "the switch is named"
else
	skip "a host without user namespaces" "unshare cannot make a user namespace"
fi

# A root of the host's own programs, whose preparation does what $KILN_HOME/cache/root/slow/hook/do says.
top=$WORK/stage3
mkdir -p "$top"/{bin,etc,proc,dev,tmp,hook}
for program in sh cat sleep head; do
	path=$(command -v $program)
	cp -L "$path" "$top/bin/$program"
	for library in $(ldd "$path" | grep -o '/[^ )]*'); do
		mkdir -p "$top$(dirname "$library")"
		cp -Ln "$library" "$top$library"
	done
done
echo 'root:x:0:0:root:/root:/bin/sh' >"$top/etc/passwd"
echo 'root:x:0:' >"$top/etc/group"
tar -C "$top" -cJf "$WORK/root.tar.xz" .
"$TESTS/mirror/make" "$WORK/stages" "$arch" slow "$WORK/root.tar.xz" >/dev/null 2>&1
cp "$WORK/stages/keyring.gpg" "$XDG_CONFIG_HOME/kiln/keyring/test-release.gpg"
cat >"$catalog/slow.yaml" <<END
arch: $arch
base: stage3
mirror: file://$WORK/stages
gentoo: $arch
variant: slow
keyring: test-release.gpg
keyring_from: https://example.org/keys has the keys
prepare:
  - run: [sh, -c, "echo x >>/hook/times; . /hook/do; echo prepared >/etc/prepared"]
cache: [/hook]
unproved: true
END
hook=$KILN_HOME/cache/root/slow/hook
does() { mkdir -p "$hook" && echo "$1" >"$hook/do"; rm -f "$hook/times"; }

does 'sleep 100'
"$KILN" root make slow >/dev/null 2>&1 &
pid=$!
until_true 200 test -e "$hook/times"
kill -9 $pid
wait $pid 2>/dev/null
run 2 "one that was killed while it was made is none" "$KILN" root show slow
is "$(ls "$KILN_HOME/roots" 2>/dev/null | grep -c slow)" 0 "and is not among the roots"
does 'sleep 2'
"$KILN" root make slow >"$WORK/first" 2>&1 &
pid=$!
until_true 200 test -e "$hook/times"
run 0 "two who make the same" "$KILN" root make slow
err_has "waiting for another who makes slow" "one waits"
second=$(cat "$WORK/out")
wait $pid
ok $? "for the other"
is "$(tail -n 1 "$WORK/first")" "$second" "and has the same"
is "$(wc -l <"$hook/times")" 1 "which was made once"
run 0 "it is shown" "$KILN" root show slow
out_has "\"id\": \"$second\"" "by its id"
run 0 "and entered" "$KILN" root run slow -- /bin/sh -c 'cat /etc/prepared; echo x >/etc/new; exit 0'
out_has prepared "with all that was prepared"
[ ! -e "$KILN_HOME/roots/$second/tree/etc/new" ]
ok $? "what is written is thrown away"
cp -R "$TESTS/fake-kernel" "$WORK/linux"
run 0 "a kernel and a directory" "$KILN" root run slow --source "$WORK/linux" --output "$WORK/new/out" -- /bin/sh -c \
	'pwd; cat /kiln/src/Makefile >copy; { echo x >/kiln/src/new; } 2>/dev/null || echo "not there"'
out_has /kiln/out "are in there, and the work begins in the directory"
out_has "not there" "the kernel is read-only"
cmp -s "$WORK/linux/Makefile" "$WORK/new/out/copy"
ok $? "what is written in the directory is kept"
run 2 "a file in place of the directory" "$KILN" root run slow --output "$WORK/linux/Makefile" -- /bin/sh -c true
err_has "Makefile: Not a directory" "is refused"
run 2 "a directory that is no kernel" "$KILN" root run slow --source "$WORK/new" -- /bin/sh -c true
err_has "is no kernel source" "is refused"
run 0 "tools of a layer" "$KILN" root run slow --fast -- /bin/sh -c 'cat /etc/prepared'
out_has prepared "are none where the root is of this machine's own kind"
run 7 "the program's status is passed on" "$KILN" root run slow -- /bin/sh -c 'exit 7'
run 3 "a program that is not there" "$KILN" root run slow -- /bin/nothing
err_has "/bin/nothing: cannot run it in the sandbox: No such file" "is named"
run 0 "no root is removed that a recipe names" "$KILN" root gc
out_has "0 roots and 0 layers removed" "so it says"
mkdir -p "$KILN_HOME/layers/kept-1" "$KILN_HOME/layers/left-1" "$KILN_HOME/layers/half-1"
echo "{\"root\":\"$second\",\"from\":\"$second\"}" >"$KILN_HOME/layers/kept-1/layer.json"
echo "{\"root\":\"$second\",\"from\":\"gone-1\"}" >"$KILN_HOME/layers/left-1/layer.json"
run 0 "a layer goes with its roots" "$KILN" root gc
out_has "0 roots and 2 layers removed" "and one that is none"
is "$(ls "$KILN_HOME/layers")" kept-1 "that of two roots stays"
rm "$KILN_HOME"/roots/recipe/*
run 0 "one that none names is" "$KILN" root gc
out_has "1 roots and 1 layers removed" "so it says"
is "$(ls -d "$KILN_HOME"/roots/slow-* 2>/dev/null; find "$KILN_HOME/roots/pool" -type f 2>/dev/null)" "" "with all its files"

does 'exit 5'
run 2 "a preparation that fails" "$KILN" root make slow
err_has "preparing slow: sh ended with status 5" "is named"
# A small disk of one's own.
if unshare -Urm true 2>/dev/null; then
	rm -rf "$KILN_HOME"
	run 3 "a disk that gets full while a root is prepared" unshare -Urm sh -c '
		mkdir -p "$KILN_HOME" && mount -t tmpfs -o size=40m none "$KILN_HOME" && mkdir -p "$1" &&
		echo "head -c 100000000 /dev/zero >/big || exit 1" >"$1/do" && exec "$0" root make slow' "$KILN" "$hook"
	err_has "the disk is full; make room" "is named"
	run 3 "one that is full from the beginning" unshare -Urm sh -c '
		mkdir -p "$KILN_HOME" && mount -t tmpfs -o size=4k none "$KILN_HOME" && exec "$0" root make slow' "$KILN"
	err_has "make room" "likewise"
else
	skip "a disk that gets full" "unshare cannot make a user namespace"
fi
finish
