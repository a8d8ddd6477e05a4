# A real LAVA lab for the test that sources it after lib.sh: up, at $url, its files in $lab. Where it cannot be, the test ends.
# shellcheck shell=bash
shared_home
# shellcheck disable=SC2034 # the tests' own
SOURCE=${KILN_E2E_SOURCE:-deb:linux-source-6.1}
lab=/var/tmp/kiln-lab-test.$$

[ "$(id -u)" -eq 0 ] || { skip "a real lab" "LAVA's worker must be root"; finish; exit; }
command -v lava-server >/dev/null || { skip "a real lab" "LAVA is not there: scripts/setup lab"; finish; exit; }
trap '"$TESTS/lab/lab" down $lab; chmod -R u+w "$WORK" 2>/dev/null; rm -rf "$WORK" $lab' EXIT
url=$("$TESTS/lab/lab" up $lab 2>"$WORK/err")
ok $? "the lab is up"
[ -n "$url" ] || { finish; exit; }

catalog=$XDG_CONFIG_HOME/kiln/catalog
mkdir -p "$catalog/lab" "$catalog/board"
