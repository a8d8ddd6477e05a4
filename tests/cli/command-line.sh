# The frame: commands, options, help, completion.
. "$(dirname "$0")/../lib.sh"
root=$TESTS/..

run 2 "no command shows the help" "$KILN"
out_has "kiln COMMAND" "and says how to go on"
run 2 "an unknown command is refused" "$KILN" dance
err_has 'no command "dance"' "by name"
run 2 "an unknown option is refused" "$KILN" run --fast
err_has "--fast: no such option; see kiln run --help" "with the way to the help"
run 2 "an option without its value is refused" "$KILN" run --arch
err_has "--arch needs a value" "by name"
run 2 "a number must be one" "$KILN" run --jobs many
err_has 'not "many"' "and is shown"
run 2 "a flag takes no value" "$KILN" run --json=yes
err_has "takes no value" "and says so"
run 0 "version" "$KILN" --version
out_has "kiln 0." "is printed"
run 2 "no source" env -C / "$KILN" run
err_has "give one with --source" "says what may be given"
run 2 "an unknown matrix" "$KILN" plan nonsense --source /dev/null/none
err_has 'no matrix "nonsense"' "is named before the source is looked for"
run 2 "no such source" "$KILN" plan smoke --source /dev/null/none
err_has "/dev/null/none" "is named"
run 2 "show without a run" "$KILN" show
err_has "kiln run smoke" "says how to get one"
run 2 "log of nothing" "$KILN" log arm64/tiny/gcc
err_has "kiln show" "says where names come from"
run 2 "step without a spec" "$KILN" step
run 2 "step with something else" "$KILN" step /etc/passwd
err_has "not JSON" "says what is wrong"

# The manual pages are the one source of the help: every option of a command's table is in its page, and the other way.
for page in "$root"/doc/man/kiln-*.1.scd; do
	name=$(basename "$page" .1.scd)
	name=${name#kiln-}
	case $name in
	run | plan) source=$root/src/cmd/select.c ;;
	exec) source=$root/src/cmd/into.c ;;
	*) source=$root/src/cmd/$name.c ;;
	esac
	table=$(grep -oE '\{ "[a-z-]+", OPTION_' "$source" | cut -d'"' -f2 | sort -u)
	[ "$name" != plan ] || table=$(grep -v '^reuse-boots$' <<<"$table")
	documented=$(grep -oE '^\*--[a-z-]+\*' "$page" | tr -d '*' | sed 's/^--//' | sort -u)
	is "$documented" "$table" "kiln-$name(1) and its options agree"
	run 0 "kiln $name --help" "$KILN" "$name" --help
	out_has "kiln-$name - " "is the page"
done

# An installation that was moved as a whole finds its data beside itself.
mkdir -p "$WORK/usr/bin" "$WORK/usr/libexec/kiln" "$WORK/usr/share/kiln"
cp "$KILN" "$WORK/usr/bin/kiln"
run 3 "half an installation" "$WORK/usr/bin/kiln" catalog list matrix
err_has "install Kiln as a whole" "says so"
cp "$(dirname "$KILN")/kiln-commands" "$WORK/usr/libexec/kiln/"
cp -R "$root/catalog" "$WORK/usr/share/kiln/"
run 0 "an installed kiln" env -u KILN_DATA "$WORK/usr/bin/kiln" catalog list matrix
out_has "$WORK/usr/libexec/kiln/../../share/kiln/catalog/matrix/smoke.yaml" "uses the data beside it"
tar -cf "$WORK/a.tar" -C "$root" catalog
run 3 "without its unpacker" env -u KILN_DATA "$WORK/usr/bin/kiln" plan --source "$WORK/a.tar" --arch x86_64 --config tiny --home "$WORK/h"
err_has "kiln-unpack, which belongs to Kiln, is not there; install Kiln as a whole" "says so"

completed() { PATH=$(dirname "$KILN"):$PATH bash -c '
	. "$0"; shift 0; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _kiln; echo "${COMPREPLY[@]}"' "$root/doc/completion/kiln" "$@"; }
is "$(completed kiln docto)" doctor "commands are completed"
is "$(completed kiln minimise --good tiny-cub)" tiny-cubieboard "good configs are completed"
is "$(completed kiln run --reu)" --reuse-boots "options are completed"
is "$(completed kiln run --board arm64-v)" arm64-virt "boards are completed"
is "$(completed kiln run --arch x86_64,arm6)" x86_64,arm64 "lists are completed"
finish
