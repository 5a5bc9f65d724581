#!/bin/sh
# TERM and INT: no new work, what is under way is finished, status 3.
. "$(dirname "$0")/lib.sh"

"$tools/mkfleet" "$scratch" 2000 >/dev/null || exit 1
p="$scratch/data/*/databases/*/branches/*/tenants/*.db"

some_tmp()
{
	[ "$(find store/.litefleet/tmp -type f 2>/dev/null | wc -l)" -ge 20 ]
}

# The shell ignores INT for what it starts in the background.
cat >heedful <<-'SH'
	#!/bin/sh
	exec perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV' "$@"
SH
chmod +x heedful
PATH=$PATH:$scratch

for sig in TERM INT; do
	rm -rf store state
	# One worker stops in mid-run, so that the run cannot end too soon.
	some=$(find "$scratch/data" -name '*.db' | sort | sed -n 1000p)
	LITEFLEET_HOOK="image=stop:$some" start heedful "$lfh" backup --jobs 2 \
	    --to store "$p"
	sup=$pid
	wait_for 20 some_tmp
	wait_for 20 sh -c "grep -l '^State:.T' \$(pgrep -P $sup |
	    sed 's,.*,/proc/&/status,')"
	kill -$sig "$sup"
	pkill -CONT -P "$sup"
	ended "$sup"
	rc=$?
	is "$sig: status" "$rc" 3
	cp "$perr" "$err"
	says "$sig: says so" 'error: stopped by'
	says "$sig: the summary is there" 'Scan stopped'
	n=$("$lf" list store 2>/dev/null | wc -l)
	ok "$sig: what was under way is stored ($n)" test "$n" -gt 0
	status 0 "$sig: the next run" "$lf" backup --json --to store "$p"
	m=$(jq -r 'select(.type == "summary") | .synced' "$out")
	is "$sig: does the rest" "$((n + m))" 2000
done

# A second signal ends at once, even with a worker that does not move.
rm -rf store state
LITEFLEET_HOOK="image=stop" start "$lfh" backup --grace 60s --to store "$p"
sup=$pid
wait_for 10 sh -c "grep -l '^State:.T' \$(pgrep -P $sup |
    sed 's,.*,/proc/&/status,')"
kids=$(pgrep -P "$sup")
kill -TERM "$sup"
# Two that come at the same time are one.
again()
{
	kill -TERM "$sup"
	! grep -q '^State:.[SR]' "/proc/$sup/status"
}
ok "a second signal ends at once" wait_for 10 again
ended "$sup"
for k in $kids; do
	kill -0 "$k" 2>/dev/null && fail "worker $k is still there"
done
status 0 "and nothing is lost" "$lf" backup --to store "$p"
done_testing
