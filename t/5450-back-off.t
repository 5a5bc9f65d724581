#!/bin/sh
# What fails in a service is tried after 2, 4, ... cycles, an hour at most: by
# a clock that the test turns.
. "$(dirname "$0")/lib.sh"
command -v faketime >/dev/null || skip_all "no faketime here"
lib=$(faketime -f +0s sh -c 'echo "$LD_PRELOAD"')
[ -n "$lib" ] || skip_all "faketime does not say where its library is"

"$tools/mkfleet" "$scratch" 20 >/dev/null || exit 1
p="$scratch/data/*/databases/*/branches/*/tenants/*.db"
bad=$(find "$scratch/data" -name '*.db' | sort | head -n 1)
not_racy
status 0 "all is well" "$lf" backup --to store "$p"
cp "$bad" good
printf 'no more' | dd of="$bad" conv=notrunc 2>/dev/null

# clock SECONDS: so far ahead is the service's clock, from now on.  The file is
# read by workers, too, so it lies where they may read.
clock()
{
	echo "+$1s" >now.new
	mv now.new data/now
}

cycles()
{
	[ "$(grep -c 'Scan ' "$perr")" -ge "$1" ]
}

ncycles=1
cycle()
{
	ncycles=$((ncycles + 1))
	kill -USR1 "$pid"
	wait_for 20 cycles $ncycles || fail "cycle $ncycles"
}

tries()
{
	grep -c 'error: .*no longer a SQLite' "$perr"
}

clock 0
service()
{
	start env LD_PRELOAD="$lib" FAKETIME_TIMESTAMP_FILE="$scratch/data/now" \
	    FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 \
	    NO_FAKE_STAT=1 \
	    ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0 \
	    "$lf" backup --to store --interval 10m --log-every 1ms "$p"
	ncycles=1
}

service
ok "a service" wait_for 20 cycles 1
is "the first try" "$(tries)" 1
cycle
is "the second is a cycle later" "$(tries)" 2

# Half a cycle less than two, four, and, since an hour is the most, six.
t=0
n=2
for hold in 900 2100 3300 3300; do
	cycle
	is "after $n failures it is held back" "$(tries)" $n
	t=$((t + hold - 60))
	clock $t
	cycle
	is "for long" "$(tries)" $n
	t=$((t + 90))
	clock $t
	cycle
	n=$((n + 1))
	is "$hold s, and tried again" "$(tries)" $n
done
is "by each cycle it is counted" "$(grep -c ' 1 failed' "$perr")" $ncycles

# A clock that is set back does not hold it for ever.
clock 0
cycle
is "a clock that is set back" "$(tries)" $((n + 1))
clock $((t + 7200))
cp good "$bad"
cycle
ok "it is good again" grep -q '20 databases, 0 synced (took' "$perr"
is "by one more look" "$(tries)" $((n + 1))
printf 'no more' | dd of="$bad" conv=notrunc 2>/dev/null
cycle
cycle
is "and begins with two tries when it fails again" "$(tries)" $((n + 3))
cycle
is "and is held back then" "$(tries)" $((n + 3))
stop "$pid" TERM
is "it ends" "$?" 0
service
ok "a restart" wait_for 20 cycles 1
is "tries it at once" "$(tries)" 1
cycle
is "and holds it back again" "$(tries)" 1
stop "$pid" TERM
done_testing
