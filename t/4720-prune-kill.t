#!/bin/sh
# kill -9 in the middle of "litefleet prune", at each step: nothing has gone
# that a rule keeps, and the next run does the rest.
. "$(dirname "$0")/lib.sh"
use_store
st=${base:-$scratch/}st

# Sixty databases with six backups each from a directory store; from S3 more,
# for more than one request.
n=60
k=6
[ "$LITEFLEET_STORE" = dir ] || { n=150; k=10; }
"$tools/mkfleet" "$scratch/fleet" "$n" >/dev/null || exit 1
p="$scratch/fleet/data/*/databases/*/branches/*/tenants/*.db"

fill()
{
	_i=0
	while [ "$_i" -lt "$k" ]; do
		"$tools/mkfleet" --touch "$scratch/fleet" "$n" >/dev/null
		"$lf" backup -q --to "$st" "$p" || exit 1
		_i=$((_i + 1))
	done
}

# What a rule keeps: the two newest of each.
may_stay()
{
	sort -r "$1" | awk '{
		dir = $0
		sub("/[^/]*$", "", dir)
		if (n[dir]++ < 2)
			print
	}' | sort
}

fill
objects st >all
may_stay all >keep
is "there is something to remove" "$(wc -l <all)" $((n * k))
is "and to keep" "$(wc -l <keep)" $((n * 2))

some=$(find fleet/data -name '*.db' | sort | sed -n "$((n / 2))p")
if [ "$LITEFLEET_STORE" = dir ]; then
	points="prune=kill:$some store-synced=kill store-renamed=kill:$some \
store-committed=kill"
else
	points="prune=kill:$some store-removed=kill"
fi
for point in $points; do
	objects st >before
	LITEFLEET_HOOK="$point" "$lfh" prune --keep-last 2 "$st" >"$out" \
	    2>"$err"
	is "$point: status" "$?" 3
	says "$point: is said" 'litefleet-prune died of signal 9'
	objects st >after
	is "$point: nothing that is to stay has gone" \
	    "$(comm -23 keep after | wc -l)" 0
	is "$point: nothing is there that was not" \
	    "$(comm -13 before after | wc -l)" 0
	left=$(wc -l <after)
	diag "$point: $(wc -l <before) before, $left left"
	case $point in
	store-renamed*)
		ok "$point: it died amid the removals" \
		    test "$left" -gt "$(wc -l <keep)" -a \
		    "$left" -lt "$(wc -l <before)"
		;;
	store-removed*)
		ok "$point: some had gone" test "$left" -lt "$(wc -l <before)"
		;;
	esac
	status 0 "$point: what is left restores" "$lf" restore --force -q \
	    -o back.db "$st$scratch/$some"
	is "$point: to what it was" "$(sql back.db .dump | cksum)" \
	    "$(sql "$some" .dump | cksum)"
done

status 0 "the next run" "$lf" prune --keep-last 2 "$st"
objects st >after
ok "leaves exactly what a rule keeps" cmp keep after
[ "$LITEFLEET_STORE" = s3 ] || is "and nothing unfinished" \
    "$(find st/.litefleet -path '*/tmp/*' | wc -l)" 0

# A signal.
fill
objects st >all
may_stay all >keep
# Once: at the first that goes of one database.
LITEFLEET_HOOK="prune=stop:$(grep -F "$some/" all | head -n 1)" start "$lfh" prune --json --keep-last 2 "$st"
stopped()
{
	child=$(pgrep -P "$pid") && grep -q '^State:.T' "/proc/$child/status"
}
wait_for 10 stopped
# How often the supervisor has gone to sleep.
slept()
{
	sed -n 's/^voluntary_ctxt_switches:.//p' "/proc/$pid/status"
}
slept=$(slept)
kill -TERM "$pid"
asked()
{
	[ "$(slept)" -gt "$slept" ]
}
ok "it hears TERM" wait_for 5 asked
kill -CONT "$child"
began=$(_now_ms)
ended "$pid"
is "TERM ends it" "$?" 3
took=$(($(_now_ms) - began))
ok "at once ($took ms)" test "$took" -le 5000
cp "$perr" "$err"
says "is said" 'error: stopped by Terminated'
says "with what was done" '^Prune stopped: '
objects st >after
is "nothing that is to stay has gone" "$(comm -23 keep after | wc -l)" 0
ok "and something is left to do" test "$(wc -l <after)" -gt "$(wc -l <keep)"
ok "not all" test "$(wc -l <after)" -lt "$(wc -l <all)"
is "what it says that it removed has gone" \
    "$(jq 'select(.type == "summary") | .removed' "$pout")" \
    "$(comm -23 all after | wc -l)"
comm -23 all after >went
is "each of it is said" "$(jq -r 'select(.type == "removed") | .object' \
    "$pout" | sort | comm -3 - went | wc -l)" 0
status 0 "the next run does the rest" "$lf" prune --keep-last 2 "$st"
objects st >after
ok "exactly" cmp keep after

# A dry run whose lines nobody reads: there is nothing to finish.
fill
objects st >all
mkfifo pipe
# shellcheck disable=SC2016	# for the inner shell
start sh -c 'exec 3<>pipe; exec "$0" "$@" >pipe' "$lfh" prune -n --json \
    --keep-last 2 "$st"
full()
{
	child=$(pgrep -P "$pid") &&
	    [ "$(sed -n 's/^wchar: //p' "/proc/$child/io")" -ge 60000 ]
}
ok "it waits for a reader" wait_for 10 full
began=$(_now_ms)
kill -TERM "$pid"
ended "$pid"
is "TERM ends it" "$?" 3
took=$(($(_now_ms) - began))
ok "within seconds ($took ms)" test "$took" -le 4000
cp "$perr" "$err"
says "which is said" 'error: stopped by Terminated'
objects st >after
ok "and nothing has gone" cmp all after
done_testing
