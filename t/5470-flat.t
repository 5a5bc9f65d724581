#!/bin/sh
# A service neither grows nor gathers descriptors: 500 cycles one after the
# other, with changes, failures, comparisons with the store, and pruning.
. "$(dirname "$0")/lib.sh"

"$tools/mkfleet" "$scratch" 100 >/dev/null || exit 1
p="$scratch/data/*/databases/*/branches/*/tenants/*.db"
dir=$scratch/data/p0/databases/d0/branches/b0/tenants
db=$dir/t000001.db
not_racy
status 0 "a first run" "$lf" backup --to store "$p"
printf 'no more' | dd of="$dir/t000002.db" conv=notrunc 2>/dev/null
echo text >"$dir/text.db"

start "$lf" backup --to store --interval 100ms --log-every 1ms \
    --reconcile 1ms --prune-every 300ms --keep-last 2 --log-file log \
    --on-failure true "$p"

cycles()
{
	kill -USR1 "$pid"
	[ "$(grep -c 'Scan complete' log)" -ge "$1" ]
}

# go_to N: so many cycles, with a change now and then.
go_to()
{
	while ! wait_for 1 cycles "$1" >/dev/null; do
		sql "$db" 'UPDATE t SET n = n + 1'
		kill -HUP "$pid"
		kill -0 "$pid" || break
	done
}

# What it has in memory, and of that what is no file's, in KiB; what it has
# open.
kib()
{
	awk "/^$1:/ { print \$2 }" "/proc/$pid/smaps_rollup"
}
fds()
{
	find "/proc/$pid/fd" -type l | wc -l
}

# Between two cycles.
at_rest()
{
	! pgrep -P "$pid" -x 'litefleet-(w.*|look)' >/dev/null
}

look_once()
{
	wait_for 10 at_rest >/dev/null
	kill -STOP "$pid"
	set -- "$(kib Rss)" "$(kib Anonymous)" "$(fds)"
	kill -CONT "$pid"
	echo "$@"
}

# The least of five looks: what is there for a moment only (the pipe of a
# process that has just ended or is about to begin) is no growth.
look()
{
	for _ in 1 2 3 4 5; do
		look_once
		sleep 0.05
	done | awk '
		NR == 1 { r = $1; a = $2; f = $3 }
		{ r = $1 < r ? $1 : r; a = $2 < a ? $2 : a; f = $3 < f ? $3 : f }
		END { print r, a, f }'
}

ok "a service" wait_for 20 grep -q 'Scan complete' log
go_to 50
early=$(look)
go_to 550
late=$(look)
diag "RSS, anonymous KiB and descriptors at cycle 50: $early; at 550: $late"
grown()
{
	echo "$early $late" | awk -v i="$1" '{ print $(3 + i) - $i }'
}
ok "there are figures" [ "$(echo "$early $late" | wc -w)" -eq 6 ]
if nm -D "$lf" 2>/dev/null | grep -q __asan_init; then
	skip "sanitizers keep what was freed" 2
else
	ok "its memory has not grown" [ "$(grown 1)" -le 256 ]
	ok "nor what is its own" [ "$(grown 2)" -le 64 ]
fi
ok "nor what it has open" [ "$(grown 3)" -le 1 ]
stop "$pid" TERM
is "it ends" "$?" 0
ok "it has stored" grep -q ' 1 synced' log
ok "pruned" grep -q '^[^ ]* Prune complete' log
ok "and compared" grep -q 'the store has all' log
done_testing
