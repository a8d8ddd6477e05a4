#!/bin/bash
# The lines of doc/exec.md, with the tools themselves: Go, CMake, Meson and Cargo run what they have built for another architecture
# through kiln exec. A Go tree is built on the way: minutes the first time, kept in build/go-cache.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
shared_home
root=debian-trixie-arm64
export PATH=$WORK/bin:$PATH
mkdir -p "$WORK/bin"
ln -s "$KILN" "$WORK/bin/kiln"
for name in arm64 mips64le; do ln -s "$KILN" "$WORK/bin/go_linux_${name}_exec"; done

case $(uname -m) in
aarch64) skip "programs for arm64" "they are this machine's own"; finish; exit ;;
esac
# without TOOL: says so where there is none.
without() {
	! command -v "$1" >/dev/null || return 1
	skip "$1" "$1 is not there; install it with: scripts/setup long"
}
run 0 "a root" nice kiln root make $root

go_tests() {
	without go && return
	export GOCACHE=$TESTS/../build/go-cache GOFLAGS=-mod=mod GOTOOLCHAIN=local
	GOCACHE=$(mkdir -p "$GOCACHE" && realpath "$GOCACHE")
	mkdir -p "$WORK/hello"
	cd "$WORK/hello" || return
	cat >main.go <<'GO'
package main

import "runtime"

func main() { println(runtime.GOARCH) }
GO
	for name in arm64 mips64le; do
		run 0 "go run for $name" env GOARCH=$name go run main.go
		err_has $name "runs there"
		run 0 "Go's own tests of strings for $name" env GOARCH=$name nice go test -short -count=1 -v strings
		out_lacks "--- FAIL" "pass"
		echo "# $(grep -c -- '--- PASS' "$WORK/out") passed"
	done
	run 0 "by -exec" env GOARCH=arm64 go test -short -count=1 -exec "kiln exec --arch arm64 --" strings
}

# Build ids of standard packages, as the host made them and as the root's go finds them.
go_tree() {
	command -v go >/dev/null || return
	cp -rL "$(go env GOROOT)" "$WORK/gotree"
	chmod -R u+w "$WORK/gotree"
	cd "$WORK/gotree" || return
	export GOROOT=$PWD CGO_ENABLED=0
	run 0 "a Go tree is cross-built" env GOARCH=arm64 nice ./bin/go install std cmd
	run 0 "and its go runs in the root" kiln exec --root $root -- ./bin/linux_arm64/go list \
		-f '{{if .Stale}}STALE {{.ImportPath}}: {{.StaleReason}}{{else}}fresh{{end}}' std
	is "$(grep -m 3 STALE "$WORK/out")" "" "no standard package is stale"
	[ "$(grep -c fresh "$WORK/out")" -gt 100 ]; ok $? "more than 100 are fresh"
	echo "# $(grep -c fresh "$WORK/out") packages, $(go version)"
}

# project DIR: a program, another made by it, and a test.
project() {
	mkdir -p "$1"
	cd "$1" || return
	cat >make.c <<'C'
#include <stdio.h>

int main(void)
{
	puts("int main(void) { return 0; }");
	return 0;
}
C
	cat >CMakeLists.txt <<'CM'
cmake_minimum_required(VERSION 3.10)
project(p C)
set(CMAKE_EXE_LINKER_FLAGS ${LINK})
add_executable(make make.c)
add_custom_command(OUTPUT made.c COMMAND make > made.c DEPENDS make)
add_executable(made made.c)
enable_testing()
add_test(NAME made COMMAND made)
CM
	cat >meson.build <<'M'
project('p', 'c')
made = executable('made', custom_target('made.c', output: 'made.c', command: executable('make', 'make.c'), capture: true))
test('made', made)
M
	cat >toolchain.cmake <<'T'
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CROSSCOMPILING_EMULATOR kiln;exec;--arch;arm64;--)
T
	cat >cross.txt <<'X'
[binaries]
c = 'aarch64-linux-gnu-gcc'
ar = 'aarch64-linux-gnu-ar'
exe_wrapper = ['kiln', 'exec', '--arch', 'arm64', '--']
[host_machine]
system = 'linux'
cpu_family = 'aarch64'
cpu = 'aarch64'
endian = 'little'
X
}

cmake_tests() {
	without cmake && return
	for link in -static ""; do
		run 0 "CMake configures, linking '$link'" cmake -S . -B "cmake$link" --toolchain toolchain.cmake -DLINK="$link"
		run 0 "builds with a program that it built" cmake --build "cmake$link"
		run 0 "and tests" ctest --test-dir "cmake$link"
	done
}

meson_tests() {
	without meson && return
	run 0 "Meson configures" meson setup meson --cross-file cross.txt
	run 0 "builds with a program that it built, and tests" meson test -C meson
	run 0 "the same, static" meson setup meson-static --cross-file cross.txt -Dc_link_args=-static
	run 0 "builds and tests" env KILN_HOME="$WORK/none" meson test -C meson-static
}

# Of a foreign target Debian has no standard library: the runner, for the machine's own.
cargo_tests() {
	local machine
	machine=$(uname -m)
	without cargo && return
	mkdir -p crate/src crate/.cargo
	cd crate || return
	printf '[package]\nname = "p"\nversion = "0.1.0"\nedition = "2021"\n' >Cargo.toml
	cat >src/main.rs <<'R'
fn main() {
    println!("home {}", std::env::var("HOME").unwrap());
}
#[test]
fn home() {
    assert_eq!(std::env::var("HOME").unwrap(), "/tmp");
}
R
	cat >.cargo/config.toml <<T
[target.$machine-unknown-linux-gnu]
runner = ["kiln", "exec", "--arch", "$machine", "--"]
rustflags = ["-C", "target-feature=+crt-static"]
T
	run 0 "cargo run" cargo run --offline --target "$machine-unknown-linux-gnu"
	out_has "home /tmp" "by its runner"
	run 0 "cargo test" cargo test --offline --target "$machine-unknown-linux-gnu"
}

go_tests
(go_tree; echo "$test_count" >"$WORK/count")
test_count=$(cat "$WORK/count")
project "$WORK/project"
cmake_tests
meson_tests
cargo_tests
finish
