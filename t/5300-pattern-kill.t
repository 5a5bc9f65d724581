#!/bin/sh
# A restore of many is killed, its supervisor or a worker, and goes on with
# --resume: in the end all is there, and the same.  $N databases, $SEEDS times.
. "$(dirname "$0")/lib.sh"
use_store

: "${N:=1000}" "${SEEDS:=5}"
store=${base}store
figure()
{
	jq -r "select(.type == \"summary\") | .$1" "$out"
}

# Each number below $2 is as likely for seed $1.
chance()
{
	awk -v seed="$1" -v n="$2" 'BEGIN { srand(seed); print int(rand() * n) }'
}

"$tools/mkfleet" "$scratch" "$N" --wal-every 0 >/dev/null || exit 1
"$lf" backup -q --to "$store" "$scratch/data/**/*.db" || exit 1
glob="$store$scratch/data/**/*.db"
rp()
{
	"$lf" restore-pattern --jobs 2 --output-dir out "$@"
}

before=$(_now_ms)
status 0 "nobody is killed" rp "$glob"
took=$(($(_now_ms) - before))
ok "all are the same" diff -r data out

# resumed NAME: what is left is done, and all of it is as it was.
resumed()
{
	status 0 "$1: --resume" rp --resume --json "$glob"
	is "$1: all are found" "$(figure found)" "$N"
	is "$1: and all are there" \
	    "$(($(figure restored) + $(figure there)))" "$N"
	ok "$1: all are the same" diff -r data out
	is "$1: nothing is left beside them" "$(find out -name '.*')" ""
}

# Has the last one let go of the journal?
released()
{
	[ ! -e out/.litefleet-restore ] ||
	    flock -n out/.litefleet-restore true
}

seed=1
while [ "$seed" -le "$SEEDS" ]; do
	rm -rf out
	ms=$(chance "$seed" "$took")
	timeout -s KILL "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))" \
	    "$lf" restore-pattern --jobs 2 --output-dir out "$glob" \
	    >/dev/null 2>"$err"
	rc=$?
	# The kernel ends the workers, but not at once.
	wait_for 30 released
	n=$(find out -name '*.db' 2>/dev/null | wc -l)
	j=$(grep -c . out/.litefleet-restore 2>/dev/null)
	resumed "supervisor killed after $ms ms, $n there, $j lines ($rc)"
	is "... the journal is removed" "$(find out -name '.litefleet*')" ""
	seed=$((seed + 1))
done

# kill_worker: the moment is chosen by the seed, whatever happens in it.
kill_worker()
{
	rm -rf out
	start "$lf" restore-pattern --jobs 2 --output-dir out "$glob"
	_t=$(($(_now_ms) + ms))
	wait_for 60 _later_than "$_t"
	pgrep -P "$pid" '^litefleet-w' | head -n 1 >worker
	xargs -r kill -KILL <worker 2>/dev/null
	ended "$pid"
	rc=$?
}

# Who had nothing in hand takes the run with it; who came too late (it had
# ended, and was not yet waited for) changes nothing.
seed=1
killed=0
while [ "$seed" -le "$SEEDS" ]; do
	ms=$(chance "$((seed + 100))" "$took")
	kill_worker
	_died=$(grep -acE 'worker [0-9]+ died of signal 9' "$perr")
	killed=$((killed + _died))
	case $rc:$_died in
	0:0 | [013]:1) pass "worker killed after $ms ms: status $rc" ;;
	*)	fail "worker killed after $ms ms: status $rc"
		_show "it said" "$perr"
		;;
	esac
	resumed "worker killed after $ms ms, $_died died"
	seed=$((seed + 1))
done
ok "of the workers some were killed" test "$killed" -gt 0

# At each step of the durability order, with a few.  Who is killed is replaced,
# and what was in its hand left out; killed at the same place each time, with
# nothing in the hand, the run is lost, and not its work.
"$tools/mkfleet" "$scratch/few" 100 --wal-every 0 >/dev/null || exit 1
"$lf" backup -q --to "${base}few-store" "$scratch/few/data/**/*.db" || exit 1
few="${base}few-store$scratch/few/data/**/*.db"
for point in bulk-fetched bulk-decoded land-written land-synced land-linked \
    bulk-told; do
	rm -rf out
	name=t000077
	[ "$point" != land-synced ] || name=
	LITEFLEET_HOOK="$point=kill:$name" "$lfh" restore-pattern --jobs 2 \
	    --output-dir out "$few" >"$out" 2>"$err"
	rc=$?
	case $point:$rc in
	bulk-decoded:1 | land-linked:[01])
		pass "killed at $point: status $rc"
		is "killed at $point: it is named once" \
		    "$(grep -c 'signal 9.*t000077' "$err")" 1
		is "killed at $point: the others are there" \
		    "$(find out -name 't*.db' ! -name t000077.db | wc -l)" 99
		;;
	bulk-told:0)
		pass "killed at $point: status $rc"
		says "killed at $point: it is said" 'warning: .*signal 9'
		;;
	*:3)
		pass "killed at $point: status $rc"
		says "killed at $point: it is said" 'error: .*signal 9'
		;;
	*)
		fail "killed at $point: status $rc"
		;;
	esac
	status 0 "killed at $point: --resume" rp --resume "$few"
	ok "killed at $point: all are the same" diff -r few/data out
	is "killed at $point: nothing is left beside them" \
	    "$(find out -name '.*')" ""
done

[ "$SEEDS" -le 5 ] || done_testing

# The journal: torn, of another command, held, unwanted.
rm -rf out
LITEFLEET_HOOK="bulk-decoded=stop:t000777" start "$lfh" restore-pattern \
    --jobs 2 --output-dir out "$glob"
some()
{
	[ "$(grep -c . out/.litefleet-restore 2>/dev/null)" -ge 2 ]
}
ok "some are finished" wait_for 30 some
status 75 "another restore keeps out" rp --resume "$glob"
says "and says why" "held by another restore"
stop "$pid" KILL
wait_for 30 released
status 2 "one that is not finished is not begun anew" rp "$glob"
says "but with --resume" "--resume goes on with it"
status 2 "another glob" rp --resume "$store$scratch/data/p0/**/*.db"
says "is refused" "journal of another restore"
status 2 "another time" rp --resume --timestamp 2099-01-01 "$glob"
lines=$(wc -l <out/.litefleet-restore)
printf 'torn%s' "$scratch" >>out/.litefleet-restore
cp out/.litefleet-restore journal
sed -n 2p journal | cut -f 1 >done1
rm -f "out/$(sed "s,${scratch#/}/data/,," done1)"
status 0 "a torn line is cut off" rp --resume --json "$glob"
ok "what the journal has is not looked at" \
    test "$(figure there)" -ge $((lines - 1))
is "so one that was removed stays so" "$(figure restored)" \
    "$((N - $(figure there)))"
is "but for that all are there" "$(find out -name '*.db' | wc -l)" $((N - 1))
rm -rf out
mkdir out
cp -r data/p0 out/
sed '2,$s/$/x/' journal >out/.litefleet-restore
status 3 "one that is damaged" rp --resume "$glob"
says "is named" "out/.litefleet-restore: line 2"
rm out/.litefleet-restore
status 0 "without it what is there is compared" rp --resume --json "$glob"
is "and left where it is the same" "$(figure there)" \
    "$(find data/p0 -name '*.db' | wc -l)"
sql out/p0/databases/d0/branches/b0/tenants/t000005.db "CREATE TABLE x(x)"
status 1 "and not where it is not" rp --resume --json "$glob"
says "but named" "error: .*t000005.db"
is "as one" "$(figure failed)" 1
rm -rf out

# TERM: what is under way is landed, the rest is for --resume.
LITEFLEET_HOOK="bulk-decoded=stop:t000777" start "$lfh" restore-pattern \
    --jobs 2 --output-dir out "$glob"
ok "some are finished" wait_for 30 some
kill -TERM "$pid"
pkill -CONT -P "$pid"
wait "$pid"
is "TERM: status" "$?" 3
cp "$perr" "$err"
says "says how to go on" 'stopped by Terminated .* --resume'
says "and how far it came" '^Restore stopped: '
resumed "after TERM"

done_testing
