#!/bin/sh
# Many come back from a server and through a network that fail in every way:
# what is restored is what was stored.
. "$(dirname "$0")/lib.sh"
s3_start_ceph
direct=$s3
s3_front

: "${N:=2000}"
rp()
{
	"$lf" restore-pattern --jobs 2 --parallel 32 --request-timeout 1s "$@"
}
figure()
{
	jq -r "select(.type == \"summary\") | .$1" "$out"
}
"$tools/mkfleet" "$scratch" "$N" --wal-every 0 >/dev/null || exit 1
"$lf" backup -q --to "$direct" "$scratch/data/**/*.db" || exit 1
glob="${s3%%\?*}$scratch/data/?${s3#*\?}"
calm()
{
	s3_faults f503=0 f500=0 reset=0 drop=0 lost=0 mute=0 delay=0
}

# A hundredth to a twentieth of the requests go wrong in each way.
s3_mark
s3_faults f503=300 f500=500 reset=300 drop=100 lost=300 mute=100 delay=500 \
    delay_ms=200
status 0 "$N databases through a bad network" rp --json --max-retries 8 \
    --retry-delay 100ms --output-dir out "$glob"
is "all are restored" "$(figure found) $(figure restored)" "$N $N"
for kind in 503 500 -1; do
	n=$(s3_seen "^GET $kind ")
	ok "some were answered by $kind ($n)" test "$n" -ge 20
done
calm
ok "all are the same" diff -r data out
is "nothing is left beside them" "$(find out -name '.*')" ""
rm -rf out

# The gateway dies in the middle and comes back.
start "$lf" restore-pattern --jobs 2 --parallel 4 --retry-delay 200ms \
    --max-retries 10 --output-dir out "$glob"
begun()
{
	[ "$(grep -c . out/.litefleet-restore 2>/dev/null)" -ge 2 ]
}
ok "it is under way" wait_for 30 begun
"$_s3/ceph" kill-gateway "$scratch/.ceph"
"$_s3/ceph" start-gateway "$scratch/.ceph"
ended "$pid"
rc=$?
cp "$perr" "$err"
case $rc in
0 | 1 | 3) pass "the gateway dies: status $rc" ;;
*) fail "the gateway dies: status $rc" ;;
esac
[ "$rc" -eq 0 ] || rp --resume --output-dir out "$glob" 2>"$err"
is "in the end there is no journal" "$(find out -name '.*')" ""
ok "all are the same" diff -r data out

done_testing
