# A lab behind TLS: whose certificate it is, who signed it, and when it ends. The token leaves for none but the right one.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../fake.sh"
patience=1s
. "$TESTS/lab/faked.sh"
new_key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
# authority NAME: a certificate that signs others.
authority() {
	openssl req -x509 "${new_key[@]}" -keyout "$WORK/$1.key" -out "$WORK/$1.pem" -days 2 -subj "/CN=$1" 2>>"$WORK/openssl"
}
# certificate NAME AUTHORITY ALTERNATIVE-NAME DAYS
certificate() {
	openssl req "${new_key[@]}" -keyout "$WORK/$1.key" -out "$WORK/$1.csr" -subj "/CN=$1" 2>>"$WORK/openssl"
	openssl x509 -req -in "$WORK/$1.csr" -CA "$WORK/$2.pem" -CAkey "$WORK/$2.key" -CAcreateserial -days "$4" \
		-extfile <(echo "subjectAltName=$3") -out "$WORK/$1.pem" 2>>"$WORK/openssl"
}
authority ours
authority theirs
certificate right ours IP:127.0.0.1 2
certificate elsewhere ours DNS:elsewhere.invalid 2
certificate late ours IP:127.0.0.1 -1
certificate stranger theirs IP:127.0.0.1 2
# served NAME LINE...: a lab with that certificate; the lines are of its entry.
served() {
	local name=$1
	shift
	kill "$fake_pid"
	wait "$fake_pid" 2>/dev/null
	fake_start "$lab" --tls "$WORK/$name.pem" "$WORK/$name.key"
	entry_at "https://127.0.0.1:$(cat "$lab/port")/" paperlab "$@"
}
# refused NAME TEXT
refused() {
	run 3 "$1" "$KILN" lab check paperlab
	err_has "$2" "is told of"
	is "$(requests .)" 0 "and nothing is sent"
}
served right "ca: $WORK/ours.pem"
run 0 "a certificate that its authority signed" "$KILN" lab check paperlab
out_has "2 of  2 available" "is as good as any"
run 0 "a boot there" "$KILN" run --arch fake --config good --board paper --source "$WORK/linux" --runner lava:paperlab
out_has "1 pass" "passes"
served right
refused "without the authority" "certificate"
served right "ca: $WORK/theirs.pem"
refused "with another authority" "certificate"
served right "ca: $WORK/none.pem"
run 3 "with an authority that is not there" "$KILN" lab check paperlab
is "$(requests .)" 0 "nothing is sent"
served elsewhere "ca: $WORK/ours.pem"
refused "a certificate of another host" "right server"
served late "ca: $WORK/ours.pem"
refused "a certificate that has ended" "expired"
served stranger "ca: $WORK/ours.pem"
refused "one that a stranger signed" "certificate"
finish
