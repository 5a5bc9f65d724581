#!/bin/sh
# An S3 server that does not answer any more holds up neither the end of a run
# nor what a worker has to do meanwhile.
. "$(dirname "$0")/lib.sh"
s3_start_ceph
s3_front

"$tools/mkfleet" "$scratch" 2000 >/dev/null || exit 1
p="$scratch/data/*/databases/*/branches/*/tenants/*.db"

freeze()
{
	kill -STOP "$(cat "$front/run/requests.pid")"
}

thaw()
{
	kill -CONT "$(cat "$front/run/requests.pid")"
}

child()
{
	pgrep -P "$pid"
}

stopped()
{
	grep -q '^State:.T' "/proc/$1/status"
}

# The supervisor stands still in the middle of its work: what the worker has
# sent is recorded all the same.
s3_faults delay=10000 delay_ms=20
LITEFLEET_HOOK="walked=stop" start "$lfh" backup -v --jobs 1 --to "$s3" "$p"
quiet()
{
	put=$(s3_seen '^PUT 200 .*db.lz4')
	_t=$(($(_now_ms) + 500))
	wait_for 5 _later_than "$_t"
	[ "$put" -ge 300 ] && [ "$(s3_seen '^PUT 200 .*db.lz4')" -eq "$put" ]
}
ok "a worker gets no more names" wait_for 30 quiet
is "and finishes what it has" "$(grep -c ': stored as ' "$perr")" "$put"
kill -CONT "$pid"
wait "$pid"
is "and the run goes on" "$?" 0
s3_faults delay=0

# hang POINT GRACE CMD...: the worker stops at POINT; then the server freezes,
# and the worker goes on until it has as many connections as $want.
hang()
{
	_point=$1
	shift
	LITEFLEET_HOOK=$_point start "$lfh" "$@"
	wait_for 20 child
	worker=$(child)
	wait_for 20 stopped "$worker"
	freeze
	kill -CONT "$worker"
	ok "requests hang" wait_for 20 hanging
}

hanging()
{
	[ "$(find "/proc/$worker/fd" -lname 'socket:*' | wc -l)" -gt "$want" ]
}

# ends NAME MS: the run has ended within this time from $began on.
ends()
{
	wait "$pid"
	is "$1: status" "$?" 3
	_took=$(($(_now_ms) - began))
	ok "$1: in time ($_took ms)" test "$_took" -le "$2"
	cp "$perr" "$err"
	says "$1: says so" 'error: stopped by'
	thaw
}

# No answer before it freezes, but to the first request.
"$tools/mkfleet" --touch "$scratch" 40 >touched
some=$(tail -n 1 touched)
want=40
s3_faults delay=10000 delay_ms=4000
hang "image=stop:$some" backup --jobs 1 --grace 1s --to "$s3" "$p"
began=$(_now_ms)
kill -TERM "$pid"
ends "TERM while the last ones are waited for" 4000
says_not "the worker ended by itself" 'killed'

"$tools/mkfleet" --touch "$scratch" 40 >touched
hang "image=stop:$some" backup --jobs 1 --grace 60s --to "$s3" "$p"
kill -TERM "$pid"
began=$(_now_ms)
# Two that come at the same time are one.
wait_for 5 _later_than $((began + 200))
kill -TERM "$pid"
ends "a second TERM" 2000

s3_faults delay=0

# More than can be under way at once: the worker waits for room.
"$tools/mkfleet" --touch "$scratch" 400 >touched
want=10
hang "image=stop:$some" backup --jobs 1 --grace 1s --concurrent 10 --to "$s3" \
    "$p"
began=$(_now_ms)
kill -TERM "$pid"
ends "TERM while there is no room" 4000
says_not "it ended by itself" 'killed'

# An upload in parts, which would be aborted.
sql big.db 'CREATE TABLE t(x); INSERT INTO t VALUES(randomblob(70 << 20))'
want=3
hang "store-upload=stop" upload --jobs 1 --grace 1s --to "$s3" big.db
began=$(_now_ms)
kill -TERM "$pid"
ends "TERM in the middle of parts" 4000
says_not "and ended by itself" 'killed'
status 0 "nothing is lost" "$lf" backup --to "$s3" "$p"
done_testing
