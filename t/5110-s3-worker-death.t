#!/bin/sh
# A worker is killed, as where memory runs out, while all that it holds is on
# its way to S3: another takes its place, and everything is stored.
. "$(dirname "$0")/lib.sh"
# shellcheck source=t/s3/harm.sh
. "$_s3/harm.sh"

mkdir data
i=0
while [ "$i" -lt 40 ]; do
	i=$((i + 1))
	sql "data/$i.db" "CREATE TABLE t(x); INSERT INTO t VALUES($i)"
done
harm hostile
AWS_ACCESS_KEY_ID=x
AWS_SECRET_ACCESS_KEY=y
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
to="s3://put-hold/p?endpoint=http://127.0.0.1:$port"

asked_for()
{
	[ "$(grep -c 'put .*db\.lz4' server/log)" -ge "$1" ]
}
# worker N SUPERVISOR: sets $worker.
worker()
{
	worker=$(pgrep -P "$2" -x "litefleet-w$1")
}
another()
{
	worker 1 "$run" && [ "$worker" != "$killed" ]
}

start "$lf" backup --json --jobs 2 --to "$to" "$scratch/data/*.db"
run=$pid
ok "all are under way" wait_for 20 asked_for 40
worker 1 "$run"
killed=$worker
kill -KILL "$killed"
ok "another worker comes" wait_for 20 another
ok "and sends what it has to" wait_for 20 asked_for 41
: >server/go
ended "$run"
is "the run ends well" "$?" 0
cp "$pout" "$out"
cp "$perr" "$err"
says "a warning says what was" \
    "^litefleet: warning: worker 1 died of signal 9 .*no database in its hand"
says_not "nothing failed" ' error: '
is "all are counted, once" \
    "$(jq -r 'select(.type == "summary") | "\(.complete) \(.databases) \(.synced) \(.failed)"' "$out")" \
    "true 40 40 0"
is "all are told of, once" \
    "$(jq -r 'select(.type == "stored") | .path' "$out" | sort -u | wc -l)" 40
is "all are in the store" "$("$lf" list "$to" | wc -l)" 40
"$lf" status --json --to "$to" >"$out" 2>"$err"
is "and as they are now" "$(jq -r .failing "$out")" 0

# In the first run of a store, where those before have learned which one it is;
# and so often that it will not get any further.
rm server/go
mkdir more
sql more/held.db "CREATE TABLE t(x)"
cp data/*.db more
to="s3://put-hold-one/p?endpoint=http://127.0.0.1:$port"
held()
{
	! kill -0 "$run" 2>/dev/null ||
	    [ "$(grep -c 'put .*/held\.db/' server/log)" -gt "$killed" ]
}
others()
{
	[ "$(grep -c 'more/[0-9]*\.db: stored as' "$perr")" -eq 40 ]
}
: >server/log
start "$lf" backup -v --jobs 1 --to "$to" "$scratch/more/*.db"
run=$pid
killed=0
ok "all but one are stored" wait_for 20 others
while [ "$killed" -lt 20 ] && wait_for 10 held && worker 0 "$run"; do
	kill -KILL "$worker"
	killed=$((killed + 1))
done
[ "$killed" -lt 20 ] || kill -KILL "$run"
ended "$run"
is "the sixteenth ends the run" "$?,$killed" 3,16
cp "$perr" "$err"
says "and why is said" 'error: 16 workers were killed in this run; the last, '
is "nobody stored again what was" "$(grep -c 'put .*/[0-9]*\.db/' server/log)" \
    40
says_not "nor took the state for another store's" 'another store'
done_testing
