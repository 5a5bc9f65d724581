#!/bin/sh
# backup --prune-every: a service removes old backups beside its cycles.
. "$(dirname "$0")/lib.sh"
use_store
st=${base:-$scratch/}st

"$tools/mkfleet" "$scratch" 20 >/dev/null || exit 1
p="$scratch/data/*/databases/*/branches/*/tenants/*.db"

# usage NAME ERE OPTIONS...
usage()
{
	_name=$1
	_ere=$2
	shift 2
	status 2 "$_name" "$lf" backup --to "$st" "$@" "$p"
	says "$_name: says what is missing" "$_ere"
}

usage "--prune-every in a single run" 'with --interval' --prune-every 1d \
    --keep-last 2
usage "without a rule" 'no rule says what to keep' --prune-every 1d \
    --interval 1s
usage "a rule alone" 'are for --prune-every' --interval 1s --retention 30d
usage "every nothing" 'no time at all' --prune-every 0 --interval 1s \
    --keep-last 1
usage "a bad rule" 'keep-daily' --prune-every 1d --interval 1s --keep-daily 0
not_ok "nothing was begun" test -e state

said()
{
	[ "$(grep -cE -e "$2" "$perr")" -ge "$1" ]
}

# fill N: so many more backups of each database.
fill()
{
	_i=0
	while [ "$_i" -lt "$1" ]; do
		"$tools/mkfleet" --touch "$scratch" 20 >/dev/null
		"$lf" backup -q --to "$st" "$p" || fail "a backup"
		_i=$((_i + 1))
	done
}

# The N newest of each that are in a file.
newest()
{
	sort -r "$2" | awk -v n="$1" '{
		key = $0
		sub("/[^/]*$", "", key)
		if (seen[key]++ < n)
			print
	}' | sort
}

# only_newest NAME N: those of the file "all", and nothing else, are there.
only_newest()
{
	newest "$2" all >want
	objects st >have
	ok "$1" cmp want have
}

# synced N: all cycles together have stored so many.
synced()
{
	[ "$(sed -n 's/.*, \([0-9]*\) synced.*/\1/p' "$perr" |
	    awk '{ n += $1 } END { print n + 0 }')" -ge "$1" ]
}

fill 5
objects st >all
is "there are backups" "$(wc -l <all)" 100
start "$lf" backup --to "$st" --interval 200ms --prune-every 1h \
    --keep-last 2 --json "$p"
ok "the first is soon" wait_for 10 said 1 \
    '^Prune complete: 20 databases, 100 backups, 40 kept, 60 removed'
only_newest "the newest stay" 2
ok "a change" "$tools/mkfleet" --touch "$scratch" 20
ok "is stored as ever" wait_for 10 synced 20
is "data is of the cycles alone" "$(jq -r .type "$pout" | sort -u |
    tr '\n' ' ')" 'stored summary '
stop "$pid" TERM
is "TERM ends it" "$?" 0
is "it was pruned once" "$(grep -c '^Prune' "$perr")" 1

# When it was is remembered.
objects st >all
start "$lf" backup --to "$st" --interval 100ms --log-every 1ms \
    --prune-every 1h --keep-last 1 "$p"
ok "another service" wait_for 10 said 5 'Scan complete'
not_ok "does not prune again so soon" grep -q Prune "$perr"
touch -d '61 minutes ago' state/*/pruned
ok "but when it is time" wait_for 10 said 1 \
    '^Prune complete: 20 databases, 60 backups, 20 kept, 40 removed'
only_newest "the newest stay again" 1
if [ "$LITEFLEET_STORE" = s3 ]; then
	ok "a cycle counts its requests" wait_for 10 said 1 \
	    'Scan complete: .* 0 synced .*, requests: .*list .*[0-9] remove'
	is "once" "$(grep -c 'Scan complete: .* remove' "$perr")" 1
fi
stop "$pid" TERM

# A role that hangs holds nobody up.
fill 2
objects st >all
touch -d '61 minutes ago' state/*/pruned
role()
{
	pgrep -P "$pid" -x litefleet-prune
}
role_stopped()
{
	child=$(role) && grep -q '^State:.T' "/proc/$child/status"
}
no_role()
{
	! role
}
LITEFLEET_HOOK="prune=stop:t000007.db" start "$lfh" backup --to "$st" \
    --interval 200ms --prune-every 1h --keep-last 1 "$p"
ok "a role stands still" wait_for 10 role_stopped
before=$(objects st | wc -l)
"$tools/mkfleet" --touch "$scratch" 20 >/dev/null
# By one cycle, or by two.
all_stored()
{
	[ "$(objects st | wc -l)" -eq $((before + 20)) ]
}
ok "changes are stored meanwhile" wait_for 10 all_stored
objects st >during
worked()
{
	awk '{ print $14 + $15 }' "/proc/$pid/stat"
}
ok "TERM" kill -TERM "$pid"
# A wish that comes too late is none, and keeps nobody awake.
t=$(($(_now_ms) + 200))
wait_for 5 _later_than $t
ok "waits for it" sh -c "kill -0 $pid && kill -0 $child"
kill -USR1 "$pid"
ticks=$(worked)
t=$(($(_now_ms) + 500))
wait_for 5 _later_than $t
ok "asleep" [ $(($(worked) - ticks)) -lt 10 ]
kill -TERM "$pid"
began=$(_now_ms)
ended "$pid"
is "a second one does not" "$?" 0
ok "at all" [ $(($(_now_ms) - began)) -lt 3000 ]
not_ok "the role is gone" kill -0 "$child"
cp "$perr" "$err"
says "and is said to be stopped" '^Prune stopped: '
newest 1 during >want
objects st >have
is "the newest are all there" "$(comm -23 want have | wc -l)" 0

# One that is stopped while it can end does so at once.
LITEFLEET_HOOK="prune=stop:t000007.db" start "$lfh" backup --to "$st" \
    --interval 200ms --prune-every 1h --keep-last 1 "$p"
ok "the rest is begun by the next start" wait_for 10 role_stopped
kill -TERM "$pid"
goes_on()
{
	kill -CONT "$child" 2>/dev/null
	! grep -q '^State:.[^Z]' "/proc/$pid/status" 2>/dev/null
}
ok "TERM is soon heeded" wait_for 5 goes_on
ended "$pid"
is "and well" "$?" 0

# One that dies is said, told once, and tried again.
fill 2
LITEFLEET_HOOK="prune=kill:t000007.db" start "$lfh" backup --to "$st" \
    --interval 200ms --prune-every 500ms --keep-last 1 \
    --on-failure 'echo "told $LITEFLEET_STATUS $LITEFLEET_FAILED" >&2' "$p"
ok "a role dies" wait_for 10 said 1 \
    'error: --prune-every: litefleet-prune died of signal 9'
ok "the next cycle has failed" wait_for 10 said 1 \
    'Scan complete: .* 0 synced .*, not pruned'
ok "which is told" wait_for 10 said 1 '^told 1 0$'
ok "and tried again" wait_for 10 said 3 'error: --prune-every: .*signal 9'
stop "$pid" TERM
is "it ends" "$?" 0
# The last may have come too late for a cycle.
left=$(($(grep -c 'error: --prune' "$perr") - $(grep -c '^told' "$perr")))
case $left in
0 | 1) pass "each is told by one cycle" ;;
*) is "each is told by one cycle" "$left untold" "0 or 1 untold" ;;
esac

[ "$LITEFLEET_STORE" = dir ] || { done_testing; exit; }

# One that left some is not over: it is tried again, within the hour or by the
# next start.
others()
{
	start setpriv --reuid=65534 --regid=65534 --clear-groups "$lf" backup \
	    --to "$scratch/st" --interval 200ms --prune-every 1d \
	    --keep-last 1 "$p"
}
if can_be_nobody; then
	fill 2
	chmod 755 "$scratch"
	rm -f state/*/pruned
	deep=$(dirname "st/$(objects st | head -n 1)")
	chown -R 65534:65534 st state data
	chmod 555 "$deep"
	others
	ok "some cannot be removed" wait_for 10 said 1 \
	    'Prune complete: .* [1-9][0-9]* failed'
	ok "which is said, and when it is tried again" wait_for 10 said 1 \
	    'error: --prune-every: [0-9]+ backups could not be removed; it is'\
' tried again in 1h'
	ok "and makes the next cycle one with failures" wait_for 10 said 1 \
	    'Scan complete: .*, not pruned'
	stop "$pid" TERM
	not_ok "it does not count as done" test -e state/*/pruned
	chmod 755 "$deep"
	others
	ok "the next start does the rest" wait_for 10 said 1 \
	    'Prune complete: 20 databases, .* 20 kept'
	stop "$pid" TERM
	ok "and that does" test -e state/*/pruned
	is "nothing else is left" "$(objects st | wc -l)" 20
	chown -R 0:0 st state data
else
	skip "only root can become another user" 7
fi

# Another store in the place of ours is left alone.
objects st >all
mv st ours
"$lf" backup -q --state other --to st "$p"
"$tools/mkfleet" --touch "$scratch" 20 >/dev/null
"$lf" backup -q --state other --to st "$p"
objects st >all
rm -f state/*/pruned
touch state/*/id
start "$lf" backup --to st --interval 1h --prune-every 1h --keep-last 1 \
    --exclude '*' "$p"
ok "another store" wait_for 10 said 1 \
    'error: --prune-every: .*not the store that the state speaks of'
stop "$pid" TERM
objects st >have
ok "is not pruned" cmp all have
done_testing
