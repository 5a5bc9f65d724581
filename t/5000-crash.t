#!/bin/sh
# kill -9 at each step of the durability order: what is listed is whole, and
# the next run makes good.
. "$(dirname "$0")/lib.sh"

"$tools/mkfleet" "$scratch" 60 --wal-every 3 >/dev/null || exit 1
p="$scratch/data/*/databases/*/branches/*/tenants/*.db"

# What a run must leave as it is.
sources()
{
	find data -printf '%p %s %i %T@ %C@\n' | sort
}
sources >before

# Every object that can be seen decodes to a sound database: the newest of each
# in one go, and those before it one by one.
whole()
{
	find "$1" -name '*.db.lz4' ! -path '*/.litefleet/*' | sort >objects
	sed 's,/[^/]*$,,' objects | uniq >stored
	rm -rf back
	[ ! -s objects ] || "$lf" restore-pattern -q --check full \
	    --output-dir back "$1$p" 2>/dev/null || return 1
	[ "$(find back -name '*.db' 2>/dev/null | wc -l)" -eq \
	    "$(wc -l <stored)" ] || return 1
	awk -F / '{ d = $0; sub(/\/[^\/]*$/, "", d) } d == last { print was }
	    { last = d; was = $0 }' objects >older
	while read -r o; do
		"$lf" restore --force -o whole.db "$o" 2>/dev/null || return 1
		[ "$(sqlite3 whole.db 'pragma integrity_check')" = ok ] ||
		    return 1
	done <older
	rm -f whole.db
}

# The newest object of each database is what it is.
equal()
{
	rm -rf back
	"$lf" restore-pattern -q --output-dir back "$1$p" && diff -rq data back
}

# A run of all; what killed a worker is in quarantine for a minute, and uploaded.
next_run()
{
	"$lf" backup --to store "$p" 2>next
	_rc=$?
	cat next
	grep -v 'in quarantine until' next | grep -E 'error:|warning:' &&
		return 1
	[ "$_rc" -eq 1 ] || return "$_rc"
	sed -n 's/^litefleet: error: \(.*\): in quarantine until.*/\1/p' next |
	    "$lf" upload -q --to store -
}

for point in state-id walked image image-locked image-read encode store \
    store-tmp store-synced store-renamed store-committed record recorded \
    state-put state-grow; do
	rm -rf store state
	# First on an empty store; all workers, on the 1st they reach.
	LITEFLEET_HOOK="$point=kill" "$lfh" backup --jobs 2 --to store "$p" \
	    >"$out" 2>"$err"
	rc=$?
	if [ "$rc" -eq 0 ]; then
		fail "killed at $point: status $rc"
		continue
	fi
	pass "killed at $point: status $rc"
	ok "killed at $point: what is there is whole" whole store
	not_racy
	ok "killed at $point: the next run makes good" next_run
	ok "killed at $point: has it all" equal store
	is "killed at $point: nothing unfinished" \
	    "$(find store/.litefleet -path "*/tmp/*" -type f | wc -l)" 0
	sources | cmp -s - before || fail "killed at $point: the sources moved"
	"$lf" backup --to store "$p" >"$out" 2>"$err"
	is "killed at $point: all is known then" "$? $(grep -v '^litefleet: info' \
	    "$err" | sed 's/ (took.*//')" "0 Scan complete: 60 databases, 0 synced"
done

# The supervisor is killed: its workers go with it, and the lock is free.
rm -rf store state
LITEFLEET_HOOK="store=stop" start "$lfh" backup --jobs 2 --to store "$p"
sup=$pid
wait_for 10 sh -c "grep -l '^State:.T' \$(pgrep -P $sup |
    sed 's,.*,/proc/&/status,')"
kids=$(pgrep -P "$sup")
stop "$sup" KILL
gone()
{
	# A zombie is one that whoever inherits it has not looked at yet.
	for k in $kids; do
		grep -qs '^State:.[^ZX]' "/proc/$k/status" && return 1
	done
	return 0
}
ok "workers go with their supervisor" wait_for 5 gone
status 0 "the next run has the lock" "$lf" backup --to store "$p"
says "and stores all" '60 databases, 60 synced'
ok "whole" whole store
done_testing
