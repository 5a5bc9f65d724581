#!/bin/sh
# What pruning asks of S3: a thousand removals a request; what is refused; a
# server that is slow, broken, or does not answer any more.
. "$(dirname "$0")/lib.sh"
LITEFLEET_STORE=s3
s3_start_ceph
s3_front
st="s3://$s3_bucket/$s3_prefix/st"

"$tools/mkfleet" "$scratch" 100 >/dev/null || exit 1
p="$scratch/data/*/databases/*/branches/*/tenants/*.db"
fill()
{
	_i=0
	while [ "$_i" -lt "$1" ]; do
		"$tools/mkfleet" --touch "$scratch" 100 >/dev/null
		"$lf" backup -q --to "$st" "$p" || exit 1
		_i=$((_i + 1))
	done
}

json()
{
	jq -c "select(.type == \"summary\") | $1" "$out"
}

# The two newest of each that are in the file $1.
two()
{
	sort -r "$1" | awk '{
		dir = $0
		sub("/[^/]*$", "", dir)
		if (n[dir]++ < 2)
			print
	}' | sort
}

# deny KEYS: they are not to be removed by anybody from now on.
deny()
{
	printf '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny",
	    "Principal": "*", "Action": "s3:DeleteObject",
	    "Resource": "arn:aws:s3:::%s/%s"}]}' "$s3_bucket" \
	    "$s3_prefix/st/$1" | "$_s3/s3" policy "$s3_bucket"
}

fill 13
objects st >all
s3_mark
status 0 "1,100 of 1,300 go" "$lf" prune --json --keep-last 2 "$st"
is "and are counted" "$(json '[.databases, .versions, .kept, .removed]')" \
    '[100,1300,200,1100]'
# Requests are written down when they are over.
two_seen()
{
	[ "$(s3_seen '^(POST|DELETE) ')" -ge 2 ]
}
wait_for 5 two_seen
is "with two requests" "$(s3_seen '^(POST|DELETE) ')" 2
two all >want
objects st >after
ok "exactly those" cmp want after
s3_mark
status 0 "once more" "$lf" prune --keep-last 2 "$st"
is "removes nothing" "$(s3_seen '^(POST|DELETE) ')" 0

# One database whose backups may not be removed.
fill 3
objects st >all
one=$(sed -n '1s,/[^/]*$,,p' all)
deny "$one/*"
status 1 "a database that is denied" "$lf" prune --json --keep-last 2 "$st"
is "is named once" "$(grep -c 'error:' "$err")" 1
says "with the reason" "error: s3://.*$one/.*(AccessDenied|denied)"
is "and counted" "$(json '[.complete, .removed, .failed]')" '[true,297,3]'
objects st >after
(two all; grep -F "$one/" all) | sort -u >want
ok "all others have gone" cmp want after
deny none
status 0 "when it may" "$lf" prune -q --keep-last 2 "$st"
is "it goes, too" "$(objects st | wc -l)" 200

# One request in four goes wrong.
fill 3
objects st >all
two all >want
s3_faults f503=1000 f500=500 reset=500 lost=500
status 0 "with a bad network" "$lf" prune --json --keep-last 2 "$st"
s3_faults f503=0 f500=0 reset=0 lost=0
is "all goes" "$(json '[.removed, .failed]')" '[300,0]'
objects st >after
ok "and no other" cmp want after

# A server that does not answer any more: a signal is waited for no longer
# than ten seconds, a second one not at all.
stopped()
{
	child=$(pgrep -P "$pid") && grep -q '^State:.T' "/proc/$child/status"
}

# hang ARGS...: litefleet, until what it removes hangs.
hang()
{
	LITEFLEET_HOOK="prune=stop:$one/" start "$lfh" "$@" --keep-last 2
	wait_for 10 stopped || exit 1
	kill -STOP "$(cat "$front/run/requests.pid")"
	kill -CONT "$child"
	ok "removals hang" wait_for 10 waiting
}

# It sleeps, with a request under way.
waiting()
{
	grep -q '^State:.S' "/proc/$child/status" &&
	    [ "$(find "/proc/$child/fd" -lname 'socket:*' | wc -l)" -ge 2 ]
}

# ends NAME MS
ends()
{
	ended "$pid"
	is "$1: status" "$?" 3
	_took=$(($(_now_ms) - began))
	ok "$1: in time ($_took ms)" test "$_took" -le "$2"
	cp "$perr" "$err"
	says "$1: is said" 'error: stopped by Terminated'
	is "$1: and nothing else" "$(grep -c 'error:' "$err")" 1
	kill -CONT "$(cat "$front/run/requests.pid")"
}

fill 1
objects st >all
two all >want
hang prune "$st"
began=$(_now_ms)
kill -TERM "$pid"
ends "TERM" 13000
says "TERM: what was not confirmed has failed" \
    '^Prune stopped: 100 databases, .*, 100 failed'
# What hung was done when the server went on.
fill 1
objects st >all
two all >want
hang prune "$st"
kill -TERM "$pid"
began=$(_now_ms)
# Two that come at the same time are one.
wait_for 5 _later_than $((began + 200))
kill -TERM "$pid"
ends "a second TERM" 3000
objects st >after
is "nothing that is to stay has gone" "$(comm -23 want after | wc -l)" 0
status 0 "the next run" "$lf" prune --keep-last 2 "$st"
objects st >after
ok "does the rest" cmp want after

# A service that is to end: what it cut off itself is no failure.
fill 1
hang backup --to "$st" --interval 1h --prune-every 1h "$p"
kill -TERM "$pid"
ended "$pid"
is "a service: TERM ends it" "$?" 0
cp "$perr" "$err"
says "a service: what was cut off is counted" '^Prune stopped: .* 100 failed'
says_not "a service: and is no error" 'error:'
done_testing
