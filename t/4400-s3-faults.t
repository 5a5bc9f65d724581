#!/bin/sh
# A server and a network that fail in every way: what can be stored is stored,
# and what came out is what went in.
. "$(dirname "$0")/lib.sh"
s3_start_ceph
direct=$AWS_ENDPOINT_URL
s3_front

N=2000
"$tools/mkfleet" "$scratch" $N --wal-every 5 >/dev/null || exit 1
p="$scratch/data/*/databases/*/branches/*/tenants/*.db"

# same KEY: does the newest backup hold what the database of this path does?
same()
{
	rm -f got.db
	"$lf" restore -q -o got.db "${s3%%\?*}$1?endpoint=$direct" &&
	    [ "$(sql got.db .dump | sha256sum)" = \
	    "$(sql "$1" .dump | sha256sum)" ]
}

# How many of the paths on standard input are not the same.
differ()
{
	_bad=0
	while read -r _db; do
		same "$_db" </dev/null || _bad=$((_bad + 1))
	done
	echo "$_bad"
}

# How many databases have a backup, without litefleet.
fetch()
{
	AWS_ENDPOINT_URL=$direct "$_s3/s3" ls "$s3_bucket" \
	    "$s3_prefix$scratch/data/" | LC_ALL=C sort >names
	sed 's,/[^/]*$,,' names | sort -u | wc -l
}

s3_faults f503=500 f500=500 reset=500 drop=500 lost=500 delay=500 \
    delay_ms=300
# For one database in a thousand five tries in a row go wrong; it has a second
# round.
status 0 "$N databases through a bad network" "$lf" backup --json -vv \
    --request-timeout 1s --to "$s3" "$p"
is "all are stored by one run" \
    "$(jq -r 'select(.type == "summary") | .synced' "$out")" "$N"
diag "$(grep -c ', try 6$' "$err") had a second round"
again=$(jq -r 'select(.type == "summary") | .requests_again' "$out")
ok "hundreds of requests were made again ($again)" test "$again" -ge 300
for kind in 503 500 -1; do
	ok "some were answered by $kind" test "$(s3_seen "^PUT $kind ")" -ge 20
done
s3_faults f503=0 f500=0 reset=0 drop=0 lost=0 delay=0
is "all are there" "$(fetch)" "$N"
is "a sample of them is what it was" "$(sed "s,^$s3_prefix,,; s,/[^/]*$,," \
    names | sort -u | awk 'NR % 40 == 0' | differ)" 0

# The gateway dies in mid-run and comes back.
"$tools/mkfleet" --touch "$scratch" 800 >/dev/null
s3_faults delay=10000 delay_ms=20
start "$lf" backup --json --request-timeout 2s --concurrent 8 --to "$s3" "$p"
s3_mark
some()
{
	[ "$(s3_seen '^PUT 200 ')" -ge 50 ]
}
ok "a run is under way" wait_for 20 some
"$_s3/ceph" kill-gateway "$scratch/.ceph"
"$_s3/ceph" start-gateway "$scratch/.ceph"
wait "$pid"
rc=$?
cp "$pout" "$out"
cp "$perr" "$err"
ok "it goes on when the gateway is back (status $rc)" test "$rc" -le 1
ok "having tried again" test \
    "$(jq -r 'select(.type == "summary") | .requests_again' "$out")" -ge 1
status 0 "the next run finds nothing lost" "$lf" backup --to "$s3" "$p"

# The server freezes and thaws.
"$tools/mkfleet" --touch "$scratch" 800 >/dev/null
start "$lf" backup --json --request-timeout 1s --concurrent 8 --to "$s3" "$p"
s3_mark
ok "a run is under way" wait_for 20 some
"$_s3/ceph" freeze "$scratch/.ceph"
s3_mark
hangs()
{
	[ "$(s3_seen '^PUT (-1|408|[45]0[0-9]) ')" -ge 4 ]
}
wait_for 10 hangs
"$_s3/ceph" thaw "$scratch/.ceph"
wait "$pid"
rc=$?
cp "$pout" "$out"
cp "$perr" "$err"
ok "it goes on when the server thaws (status $rc)" test "$rc" -le 1
status 0 "the next run finds nothing lost" "$lf" backup --to "$s3" "$p"
s3_faults delay=0

# Gone for good: the run ends soon, with one sentence, and records no lie.
"$tools/mkfleet" --touch "$scratch" 300 >/dev/null
"$_s3/ceph" kill-gateway "$scratch/.ceph"
status 3 "a server that is gone" "$lf" backup --to "s3://$s3_bucket/\
$s3_prefix?endpoint=$direct" --state other "$p"
is "is said once" "$(grep -ac '^litefleet: error:' "$err")" 1
"$_s3/ceph" start-gateway "$scratch/.ceph"

# And dies for good in mid-run: it is down, the rest is not tried one by one,
# nor read, but counted.  dies CHANGED CMD...
dies()
{
	changed=$1
	shift
	s3_faults delay=10000 delay_ms=20
	s3_mark
	start "$@"
	ok "$2: is under way" wait_for 20 some
	"$_s3/ceph" kill-gateway "$scratch/.ceph"
	wait "$pid"
	is "$2: status" "$?" 3
	cp "$pout" "$out"
	cp "$perr" "$err"
	is "$2: the store is said to be down, once" \
	    "$(grep -c '^litefleet: error: store .* is down' "$err")" 1
	ok "$2: not each database" test "$(grep -c error: "$err")" -le 60
	is "$2: all that is not stored has failed" "$(jq -r \
	    'select(.type == "summary") | .synced + .failed' "$out")" "$changed"
	says "$2: which the summary says, too" 'Scan complete: .* failed'
	ok "$2: most of it was not read" test "$(jq -r \
	    'select(.type == "summary") | .bytes_read' "$out")" -lt \
	    $((size * changed / 2))
	"$_s3/ceph" start-gateway "$scratch/.ceph"
	s3_faults delay=0
}
not_racy
status 0 "what it has missed" "$lf" backup --to "$s3" "$p"
"$tools/mkfleet" --touch "$scratch" 1000 >touched
size=$(stat -c %s "$(head -n 1 touched)")
dies "$(sort -u touched | wc -l)" "$lf" backup --json --concurrent 8 \
    --to "$s3" "$p"
status 0 "and the next run catches up" "$lf" backup --to "$s3" "$p"
is "with what is in the databases now" "$(sed 20q touched | differ)" 0
cat >upload <<-SH
	#!/bin/sh
	exec "$lf" upload --json --concurrent 8 --to "$s3" - <touched
SH
chmod +x upload
dies "$(sort -u touched | wc -l)" ./upload upload
status 0 "and the next run has nothing lost" "$lf" backup --to "$s3" "$p"

# A restore whose connection is cut in mid-body goes on where it was.
# (More than lies in the buffers of all sockets on the way.)
sql big.db 'CREATE TABLE t(x); INSERT INTO t VALUES(randomblob(48 << 20))'
status 0 "a database of 48 MiB" "$lf" upload -q --to "$s3" big.db
s3_mark
start "$lf" restore -vv --limit-rate 8M --request-timeout 2s -o back.db \
    "${s3%%\?*}$scratch/big.db?${s3#*\?}"
begun()
{
	[ "$(stat -c %s .back.db.* 2>/dev/null || echo 0)" -gt 1000000 ]
}
ok "its restore is under way" wait_for 10 begun
# It holds still, or on a busy machine it may be done by then.
kill -STOP "$pid"
"$_s3/ceph" kill-gateway "$scratch/.ceph"
"$_s3/ceph" start-gateway "$scratch/.ceph"
stop "$pid" CONT
is "is finished after the connection was cut" "$?" 0
cp "$perr" "$err"
ok "and is the same" cmp big.db back.db
rest()
{
	[ "$(s3_seen '^GET 206 ')" -ge 1 ]
}
ok "by a request for the rest" wait_for 10 rest
done_testing
