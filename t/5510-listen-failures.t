#!/bin/sh
# backup --interval --listen: each failure is counted once, shown once, and
# has no other's age; and what the face itself logs.
. "$(dirname "$0")/lib.sh"

"$tools/mkfleet" "$scratch" 40 >/dev/null || exit 1
p="$scratch/data/*/databases/*/branches/*/tenants/*.db"

said()
{
	[ "$(grep -cE -e "$2" "$perr")" -ge "$1" ]
}

# shown EXPR [PATH]: of /stats.
shown()
{
	curl -s "$at${2:-/stats}" | jq -r "$1"
}

# begin PROGRAM ARGS...: a service whose first cycle is over.
begin()
{
	start "$@"
	wait_for 10 said 1 'figures are shown at' || exit 1
	at=$(sed -n 's,.*shown at \(http://.*\)/$,\1,p' "$perr")
	wait_for 20 said 1 'Scan ' || exit 1
}

# One that cannot be looked at has not the age of another, which is safe.
if can_be_nobody; then
	mkdir nobody shut && chmod 755 "$scratch"
	for i in 1 2 3 4 5 6 7 8 9; do
		sql shut/$i.db 'CREATE TABLE t (n)'
		touch -d 2001-01-01 shut/$i.db
	done
	chown -R 65534 nobody shut
	# With one worker, and the nine in one parcel with the tenth.
	mkdir shut/z && : >shut/z/10.db && chmod 444 shut/z
	begin setpriv --reuid=65534 --regid=65534 --clear-groups \
	    "$lf" backup --state nobody/state --spool nobody \
	    --to nobody/store --interval 1h --listen 127.0.0.1:0 --jobs 1 \
	    "$scratch/shut/**/*.db"
	is "nine are stored" "$(shown .uploads_success)" 9
	is "one fails" "$(shown .failed_last_cycle)" 1
	is "it has not the age of those that are safe" \
	    "$(shown '.oldest_unsaved_ms < 3600 * 1000')" true
	stop "$pid" TERM
fi

# A worker dies: what it has told of is shown once, though the next one tells
# of it again.
find "$scratch/data" -name '*.db' | sort >fleet
sed -n 1,8p fleet | while read -r bad; do
	printf 'no more' | dd of="$bad" conv=notrunc 2>/dev/null
done
killer=$(tail -n 1 fleet)
export LITEFLEET_HOOK="image=segv:$killer"
begin "$lfh" backup --to store2 --strict --interval 1h --jobs 1 \
    --listen 127.0.0.1:0 "$p"
unset LITEFLEET_HOOK
is "eight fail, and the killer" "$(shown .failed_last_cycle)" 9
is "each is shown once" "$(shown '.failures[].path' /failures | sort |
    uniq -c | awk '{ print $1 }' | uniq -c | tr -s ' ')" " 9 1"
is "as many as that" "$(shown .shown /failures)" 9
stop "$pid" TERM

# What was due beside a cycle and went wrong is no failure of a database, and
# is shown.
status 0 "a store" "$lf" backup --to store3 "$scratch/data/*/databases/*/**/*1.db"
export LITEFLEET_HOOK="reconcile-listed=kill"
begin "$lfh" backup --to store3 --interval 1h --reconcile 1ms \
    --listen 127.0.0.1:0 "$p"
unset LITEFLEET_HOOK
is "a cycle that could not reconcile is a bad one" "$(shown .cycles_bad)" 1
curl -s "$at/" >"$out"
prints "which the page says" 'was not reconciled; the log says why'
stop "$pid" TERM

# The face lasts for many cycles, and goes on to a new log as they do.
start "$lf" backup -v --log-file log --to store3 --interval 300ms \
    --listen "unix:$scratch/s" "$p"
logged()
{
	curl -s --unix-socket "$scratch/s" -o /dev/null http://x/healthz
	grep -qs 'GET /healthz: 200' "$1"
}
ok "requests are logged" wait_for 10 logged log
mv log log.1
kill -HUP "$pid"
ok "and, when it was moved, to the new one" wait_for 10 logged log
stop "$pid" TERM
is "it ends well" "$?" 0
ok "and nobody has died" sh -c "! grep -q 'started again' log log.1"

done_testing
