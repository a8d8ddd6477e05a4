#!/usr/bin/env bash
# A kernel before Linux 6.7, which has one table of program formats for all: Debian's 6.1 in QEMU. An ordinary user runs
# a foreign root with the host's entry, and is told what is missing without it.
. "$(dirname "$0")/../lib.sh"

programs=(qemu-system-x86_64 qemu-aarch64-static aarch64-linux-gnu-gcc apt-get cpio)
for program in "${programs[@]}"; do
	command -v "$program" >/dev/null || { skip "an older kernel" "$program is not there"; finish; exit; }
done
[ "$(uname -m)" = x86_64 ] || { skip "an older kernel" "the test needs an x86_64 host"; finish; exit; }

# The kernel and a shell, taken out of their packages; nothing is installed.
kept=${KILN_TEST_PACKAGES:-$WORK/packages}
mkdir -p "$kept" "$WORK/out.d"
image=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | sed -n 's/.*Depends: //p' | head -n 1)
(cd "$kept" && { ls linux-image-*.deb && ls busybox-static*.deb || apt-get download "$image" busybox-static; }) >"$WORK/out" 2>&1
ls "$kept"/linux-image-6.1.*.deb >/dev/null 2>&1 || { skip "an older kernel" "there is no Debian package of Linux 6.1"; finish; exit; }
for deb in "$kept"/*.deb; do dpkg-deb -x "$deb" "$WORK/out.d"; done
kernel=$(echo "$WORK"/out.d/boot/vmlinuz-*)

top=$WORK/top
mkdir -p "$top"/{bin,usr/bin,lib,lib64,etc,proc,sys,dev,tmp,home,mod}
cp "$WORK"/out.d/bin/busybox "$top/bin/"
for name in sh mount mkdir cat su insmod ls cp switch_root echo poweroff sync chown dmesg chmod; do ln -s busybox "$top/bin/$name"; done
find "$WORK/out.d" \( -name binfmt_misc.ko -o -name overlay.ko \) -exec cp {} "$top/mod/" \;
cp "$KILN" "$(dirname "$KILN")/kiln-commands" "$top/usr/bin/"
cp "$(command -v qemu-aarch64-static)" "$top/usr/bin/"
for library in $(ldd "$KILN" "$(dirname "$KILN")/kiln-commands" | grep -v ":$" | grep -o '/[^ )]*'); do
	mkdir -p "$top$(dirname "$library")"
	cp -L "$library" "$top$library"
done
mkdir -p "$top/data"
cp -r "$TESTS/../catalog" "$TESTS/../doc" "$top/data/" 2>/dev/null
cat >"$top/data/catalog/root/hand.yaml" <<END
arch: arm64
base: debian
suite: none
packages: [none]
mirror: file:///nowhere
END
echo 'user:x:1000:1000:user:/home:/bin/sh' >"$top/etc/passwd"
echo 'root:x:0:0:root:/:/bin/sh' >>"$top/etc/passwd"
# Its entry, as Debian's package registers it.
entry=/usr/lib/binfmt.d/qemu-aarch64.conf
interpreter=$(cut -d : -f 7 $entry)
sed -n 1p $entry | tr -d '\n' >"$top/etc/entry"
mkdir -p "$top$(dirname "$interpreter")"
ln -sf /usr/bin/qemu-aarch64-static "$top$interpreter"

# A root by hand: the recipe's digest is the name of its lock.
KILN_DATA=$top/data "$KILN" root make hand >/dev/null 2>&1
digest=$(basename "$KILN_HOME"/locks/root-*) digest=${digest#root-}
root=$top/home/kiln/roots/hand-0
mkdir -p "$root/tree"/{bin,etc} "$top/home/kiln/roots/recipe"
ln -s ../hand-0 "$top/home/kiln/roots/recipe/$digest"
echo '{"id":"hand-0","digest":"0","name":"hand","arch":"arm64"}' >"$root/root.json"
printf '#include <stdio.h>\n#include <unistd.h>\nint main(int n, char **v) { printf("FOREIGN %%s %%d\\n", v[0], (int)getuid()); return !!fopen("/new", "w") - 1; }\n' >"$WORK/foreign.c"
aarch64-linux-gnu-gcc -O1 -static -o "$root/tree/bin/foreign" "$WORK/foreign.c"
ok $? "a foreign program is compiled"

cat >"$top/init" <<'END'
#!/bin/sh
mkdir /new && mount -t tmpfs -o mode=755 none /new && cp -a /bin /usr /lib /lib64 /etc /home /data /mod /inside /new/
mkdir /new/proc /new/dev /new/sys /new/tmp && chmod 1777 /new/tmp
exec switch_root /new /inside
END
cat >"$top/inside" <<'END'
#!/bin/sh
mount -t proc none /proc
mount -t devtmpfs none /dev
mount -t sysfs none /sys
insmod /mod/overlay.ko
insmod /mod/binfmt_misc.ko
chown -R 1000:1000 /home
as_user() { su -s /bin/sh user -c 'KILN_DATA=/data KILN_HOME=/home/kiln PATH=/usr/bin:/bin kiln root run hand -- /bin/foreign' 2>&1 </dev/null; echo "STATUS $1 $?"; }
as_user unmounted
mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
as_user empty
cat /etc/entry >/proc/sys/fs/binfmt_misc/register
ls /proc/sys/fs/binfmt_misc
as_user registered
echo 0 >/proc/sys/fs/binfmt_misc/qemu-aarch64
as_user disabled
echo "THE END"
sync
poweroff -f
END
chmod 755 "$top/init" "$top/inside"
(cd "$top" && find . | cpio -o -H newc -R 0:0 2>/dev/null | gzip -1) >"$WORK/initramfs"
timeout 240 qemu-system-x86_64 -M q35 -cpu max -accel tcg -m 1024 -nographic -no-reboot -nic none -kernel "$kernel" \
	-initrd "$WORK/initramfs" -append "console=ttyS0 quiet panic=-1" </dev/null 2>&1 | tr -d '\r' >"$WORK/out"
out_has "THE END" "the guest comes to its end"
out_has "FOREIGN /bin/foreign 1000" "with the host's entry a foreign root runs, as an ordinary user"
out_has "STATUS registered 0" "to its end"
message="before Linux 6.7 the host's own binfmt_misc must know them"
is "$(grep -c "$message" "$WORK/out")" 3 "without it, or where it is disabled, it is said what is missing"
out_has "STATUS unmounted 3" "which is no fault of the user's"
out_has "STATUS empty 3" "nor of an empty table"
out_has "STATUS disabled 3" "nor of a disabled one"
[ -z "${KEEP:-}" ] || cp "$WORK/out" "$KEEP"
finish
