#!/bin/sh
# A walk that goes on and on and comes by no database, as where a tenant makes
# nothing but directories: the service manager and TERM are heeded all the same.
. "$(dirname "$0")/lib.sh"

# 150,000 directories for a walk, by links to the same ones.
mkdir empty data rest || exit 1
perl -e '
	mkdir("empty/$_") or die for 1 .. 500;
	mkdir("data/$_") && symlink("../../empty", "data/$_/x") or die
	    for 1 .. 300;' || exit 1
sql rest/one.db "CREATE TABLE t(a)"
set -- backup --follow --to store "$scratch/rest/*.db" "$scratch/data/**/*.db"

# How long it takes alone.
began=$(_now_ms)
status 0 "a run" "$lf" "$@"
whole_ms=$(($(_now_ms) - began))
diag "it took $whole_ms ms"

has_workers()
{
	pgrep -P "$pid"
}

rm -rf store state
start "$lf" "$@"
ok "another" wait_for 20 has_workers
began=$(_now_ms)
kill -TERM "$pid"
ended "$pid"
is "is stopped" "$?" 3
ms=$(($(_now_ms) - began))
ok "long before its end, after $ms ms" test "$ms" -lt $((whole_ms / 2))
cp "$perr" "$err"
says "and says so" 'stopped by Terminated before everything was looked at'

if ! ldd "$lf" | grep -q libsystemd; then
	skip "built without libsystemd" 2
	done_testing
	exit
fi
start_manager
# A beat is due every 100 ms.
NOTIFY_SOCKET=$scratch/manager.sock WATCHDOG_USEC=400000 start "$lf" "$@" \
    --interval 1h
ok "a service" wait_for 60 grep -q '^READY' manager.log
beats=$(sed '/^READY/q' manager.log | grep -c '^WATCHDOG=1')
ok "its watchdog is kept quiet, $beats times" \
    test "$beats" -ge $((whole_ms / 500))
stop "$pid" TERM
stop "$manager" TERM
done_testing
