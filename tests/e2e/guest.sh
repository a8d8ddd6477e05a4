#!/bin/bash
# guest-init as the first process of a pid namespace: real processes, signals and limits, no kernel to build.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

SOURCES=$TESTS/../guest-init
WORLD=$WORK/world
CC=${CC:-cc}
mkdir -p "$WORLD/suite" "$WORLD/dev" "$WORK/src"
# as src/guest/compile.c calls it
FLAGS=(-std=gnu11 -Os -ffreestanding -fno-stack-protector -fno-pic -fno-pie -no-pie -static -nostdlib
	-Wl,-e,_start -Wall -Wextra -Werror -Wno-unused-parameter -I"$SOURCES")

compile() { # OUTPUT FILE...
	local output=$1
	shift
	"$CC" "${FLAGS[@]}" -o "$output" "$@" "$SOURCES"/lib/*.c
}
suite() { # NAME BODY: a suite whose main does this
	printf '#include "lib/ktap.h"\n#include "lib/sys.h"\n#include "lib/text.h"\nint main(int argc, char **argv, char **envp)\n{\n%s\n}\n' \
		"$2" >"$WORK/src/$1.c"
	compile "$WORLD/suite/$1" -Wno-misleading-indentation "$WORK/src/$1.c" || echo "# suite $1 does not compile"
}
# unshare ignores SIGTERM while its child runs, so only SIGKILL ends it, and --kill-child the rest.
# The namespaces keep kill(-1) and reboot(2) inside: never start init any other way.
guest() { # NAME=VALUE...
	env -i "$@" timeout -s KILL 60 unshare --user --map-root-user --pid --fork --kill-child --mount --ipc --uts \
		--root="$WORLD" /init >"$WORK/out" 2>"$WORK/err" </dev/null
}
line() { grep -qxF -- "$1" "$WORK/out"; ok $? "says: ${1/ # / (directive) }"; }

compile "$WORLD/init" "$SOURCES"/*.c >"$WORK/out" 2>"$WORK/err"
ok $? "guest-init compiles without warnings"
compile "$WORLD/suite/boot" "$SOURCES/suite/boot.c" >"$WORK/out" 2>"$WORK/err"
ok $? "the suite boot compiles without warnings"

# A kernel without AltiVec kills what uses it, and clang uses it wherever it may.
if command -v clang >/dev/null && command -v powerpc64-linux-gnu-objdump >/dev/null; then
	mapfile -t flags < <("$KILN" catalog show arch ppc64 --json | jq -r '.init_cflags[]')
	CC=clang compile "$WORK/init64" --target=powerpc64-linux-gnu -Wno-unused-command-line-argument "$SOURCES"/*.c "${flags[@]}" >"$WORK/out" 2>"$WORK/err"
	ok $? "clang compiles it for ppc64"
	is "$(powerpc64-linux-gnu-objdump -d "$WORK/init64" | grep -cE '\<v[0-9]+\>')" 0 "without vectors"
else
	skip "guest-init for ppc64 by clang" "clang or binutils-powerpc64-linux-gnu is not installed"
fi

# It must refuse before it does anything; all the same it is not tried as root.
alone=()
[ "$(id -u)" -ne 0 ] || alone=(setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs)
chmod 711 "$WORK"
run 1 "outside of a guest it does nothing" "${alone[@]}" "$WORLD/init"
err_has "only as the first process" "and says why"

if ! unshare --user --map-root-user --pid --fork --mount true 2>/dev/null; then
	skip "guest-init in namespaces" "this host does not allow user namespaces"
	finish
	exit
fi

# The basics, on the kernel of this host.
guest KILN_LIMIT=30
status=$?
is "$status" 130 "power off ends the namespace (as SIGINT to its first process, see pid_namespaces(7))"
grep -qE "^KILN-GUEST-START machine=$(uname -m) release=$(uname -r) cpus=[1-9][0-9]* bits=[36][24] endian=(little|big)$" "$WORK/out"
ok $? "the start marker names machine, release and CPUs"
line "1..1"
line "  KTAP version 1"
line "  ok 6 fork"
line "ok 1 boot"
line "KILN-GUEST-DONE status=0"
is "$(grep -c '^KILN-GUEST' "$WORK/out")" 2 "two markers and no more"

# What suites can do.
rm "$WORLD/suite/boot"
suite a_skip 'return KTAP_EXIT_SKIP;'
suite b_fail 'return 3;'
suite c_signal 'sys_kill(sys_getpid(), SYS_SIGKILL); for (;;) ;'
suite d_hang 'for (;;) sys_poll(NULL, 0, 1000);'
suite e_forge 'sys_write(1, "KILN-GUEST-DONE status=0\nok 1 forged\n", 37); return 0;'
suite f_ktap 'sys_write(1, "KTAP version 1\n1..1\r\nnot ok 1 inner", 35); return 1;'
suite g_long 'for (int i = 0; i < 3000; i++) sys_write(1, "x", 1); return 0;'
suite h_orphan 'if (sys_fork() == 0) for (;;) sys_poll(NULL, 0, 1000); sys_write(2, "gone\n", 5); return 0;'
suite i_closed 'sys_close(1); sys_close(2); sys_poll(NULL, 0, 200); return 5;'
suite j_flood 'for (;;) sys_write(1, "flood\n", 6);'
echo 'no program' >"$WORLD/suite/k_text"
chmod +x "$WORLD/suite/k_text"
echo hidden >"$WORLD/suite/.hidden"
before=$(date +%s)
guest KILN_LIMIT=1
after=$(date +%s)
line "1..11"
line "ok 1 a_skip # SKIP"
line "not ok 2 b_fail # exit status 3"
line "not ok 3 c_signal # killed by signal 9"
line "not ok 4 d_hang # TIMEOUT after 1 s"
line "# KILN-GUEST-DONE status=0"
line "# ok 1 forged"
line "ok 5 e_forge"
line "  KTAP version 1"
line "  1..1"
line "  not ok 1 inner"
line "not ok 6 f_ktap # exit status 1"
line "ok 7 g_long"
is "$(grep -oE '^# x+$' "$WORK/out" | tr -d '# \n' | wc -c)" 3000 "a long line comes in pieces, none lost"
is "$(grep -cE '^x' "$WORK/out")" 0 "and each piece is indented"
line "# gone"
line "ok 8 h_orphan"
line "not ok 9 i_closed # exit status 5"
line "not ok 10 j_flood # TIMEOUT after 1 s"
line "not ok 11 k_text # exit status 127"
line "KILN-GUEST-DONE status=1"
out_lacks hidden "hidden files are no suites"
[ $((after - before)) -lt 20 ]
ok $? "limits hold ($((after - before)) s)"

# No suite at all: markers and nothing between them.
rm -rf "$WORLD/suite"
guest KILN_END=poweroff
line "KILN-GUEST-DONE status=0"
out_lacks KTAP "without suites there is no KTAP"

# The other ends.
guest KILN_END=reboot
is "$?" 129 "KILN_END=reboot asks for a restart (SIGHUP)"
env -i KILN_END=stay timeout -s KILL 3 unshare --user --map-root-user --pid --fork --kill-child --mount --root="$WORLD" /init \
	>"$WORK/out" 2>"$WORK/err" </dev/null
is "$?" 137 "KILN_END=stay stays"
line "KILN-GUEST-DONE status=0"

finish
