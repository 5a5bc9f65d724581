#!/bin/sh
# backup --interval: cycles until a stop; what a signal wishes; what is told.
. "$(dirname "$0")/lib.sh"

"$tools/mkfleet" "$scratch" 20 >/dev/null || exit 1
p="$scratch/data/*/databases/*/branches/*/tenants/*.db"

# said N ERE: the service has said it N times, or more.
said()
{
	[ "$(grep -cE -e "$2" "$perr")" -ge "$1" ]
}

# begin ARGS...: the service; its first cycle is over.
begin()
{
	start "$lf" backup --to store "$@" "$p"
	ok "the first cycle begins at once" wait_for 10 said 1 'Scan complete'
}

# end: by TERM, which is how a service ends.
end()
{
	stop "$pid" TERM
	is "$1: TERM ends it well" "$?" 0
	cp "$perr" "$err"
	says "$1: which it says" '^stopped by Terminated$'
}

for bad in 0 99ms 1x ''; do
	status 2 "--interval \"$bad\" is refused" "$lf" backup --to store \
	    --interval "$bad" "$p"
done
status 2 "so is a dry run that goes on" "$lf" backup -n --to store \
    --interval 1s "$p"
status 2 "and a ping that is no URL" "$lf" backup --to store \
    --ping example.com "$p"
status 2 "or that of no host" "$lf" backup --to store --ping http:///x "$p"

# New ones are found, old ones keep what they have.
begin --interval 200ms --json
sql "$scratch/data/new.db" 'CREATE TABLE t(x)'
mkdir -p "$scratch/data/p9/databases/d9/branches/b9/tenants"
new=$scratch/data/p9/databases/d9/branches/b9/tenants/new.db
mv "$scratch/data/new.db" "$new"
ok "a new one is stored" wait_for 10 said 1 'Scan complete: 21 databases, 1 s'
rm "$new"
ok "one that is removed is no more" wait_for 10 sh -c "[ \
    \$('$lf' list --json store | wc -l) -eq 21 ]"
kill -HUP "$pid"
sql "$(find "$scratch/data" -name '*.db' | head -n 1)" \
    'UPDATE t SET n = n + 1'
ok "a change is stored, and HUP ended nothing" wait_for 10 said 1 \
    'Scan complete: 20 databases, 1 synced'
not_racy
lines=$(wc -l <"$perr")
ok "what is written is not held back" grep -q summary "$pout"
kill -USR2 "$pid"
ok "USR2 has figures said" wait_for 10 said 1 \
    '^[0-9]+ cycles \(0 not without failures\).* 22 synced'
cycles=$(sed -n 's/^\([0-9]*\) cycles.*/\1/p' "$perr")
ok "of all cycles" test "$cycles" -ge 10
is "of which those with nothing to say said nothing" \
    "$(wc -l <"$perr")" $((lines + 1))
end "a service"

# A line now and then shows that it lives.
begin --interval 100ms --log-every 300ms
ok "--log-every" wait_for 10 said 4 'Scan complete: 20 databases, 0 synced'
end "--log-every"

# USR1, and who is held back.  A worker is not for others to signal.
# (Not in WAL mode: readers are locked out.)
bad=$(find "$scratch/data" -name '*.db' | sort | head -n 1)
cp "$bad" good
printf 'no more' | dd of="$bad" conv=notrunc 2>/dev/null
cat >told <<-'SH'
	#!/bin/sh
	echo "$LITEFLEET_STATUS $LITEFLEET_DATABASES $LITEFLEET_SYNCED" \
	    "$LITEFLEET_FAILED" >>"$1"
	echo heard
	exit 7
SH
chmod +x told
begin --interval 1h --strict -v --on-failure "./told told.log"
ok "a failure is told to a command" wait_for 10 test -s told.log
is "with its figures" "$(cat told.log)" "1 20 0 1"
ok "whose output is with the errors" wait_for 10 said 1 '^heard$'
ok "and whose failure is said" wait_for 10 said 1 \
    'warning: --on-failure: .* status 7'
worked()
{
	awk '{ print $14 + $15 }' "/proc/$pid/stat"
}
ticks=$(worked)
t=$(($(_now_ms) + 500))
wait_for 5 _later_than $t
ok "then it sleeps" test $(($(worked) - ticks)) -lt 10
kill -USR1 "$pid"
ok "USR1 begins a cycle" wait_for 10 said 2 '^heard$'
ok "what failed once is tried in it" test "$(grep -c \
    'error: .*no longer a SQLite' "$perr")" -eq 2
end "USR1"
cp good "$bad"
status 0 "it is good again" "$lf" backup --to store "$p"

# A database that stays locked: twice it is tried, then later.
start "$lf" backup --to store --interval 1h --busy-timeout 1ms -v "$p"
svc=$pid serr=$perr
ok "it is at rest" wait_for 10 said 1 'Scan complete'
cat >lock.sql <<-SQL
	UPDATE t SET n = n + 1;
	BEGIN EXCLUSIVE;
	.system touch '$scratch/locked'
	.system while [ ! -e '$scratch/unlock' ]; do sleep 0.05; done
	COMMIT;
SQL
start sqlite3 -batch -init lock.sql "$bad" .quit
locker=$pid
wait_for 10 test -e locked
perr=$serr
for n in 1 2; do
	not_racy
	kill -USR1 "$svc"
	ok "try $n fails" wait_for 10 said "$n" 'error: .*locked|error: .*busy'
	ok "and the cycle ends" wait_for 10 said 1 ' 1 failed'
done
kill -USR1 "$svc"
ok "then it is held back" wait_for 10 said 1 \
    'has failed 2 times \(busy\), is tried again after'
: >unlock
ended "$locker"
status 75 "another run has to wait" "$lf" backup --to store "$p"
stop "$svc" TERM
is "the service ends" "$?" 0
status 0 "another run tries it at once" "$lf" backup --to store "$p"
says "and stores it" ' 1 synced'

# An empty mount point, where the fleet was, is no quiet fleet.
begin --interval 200ms
mv data data.away
mkdir data
ok "a fleet that is gone is said" wait_for 10 said 1 \
    'warning: the pattern .* matches nothing'
rmdir data
mv data.away data
kill -USR2 "$pid"
ok "figures" wait_for 10 said 1 '^[0-9]+ cycles'
end "a fleet that is back"

# The state is removed under it: it begins again, as a run from cron would.
rm -rf state
begin --interval 200ms
# It sees all of it removed, not a part of it twice; nor does a worker that is
# at work leave something there.
kill -STOP "$pid"
pkill -STOP -P "$pid"
rm -rf state
pkill -CONT -P "$pid"
kill -CONT "$pid"
ok "a state that is lost is said" wait_for 10 said 1 \
    'warning: the state .* lost its id during the run'
ok "and made anew" wait_for 10 said 2 'Scan complete: 20 databases, 20 synced'
is "once" "$(grep -c 'lost its id' "$perr")" 1
end "without a state"

# A cycle that takes longer than the interval.
LITEFLEET_HOOK="walked=stop" start "$lfh" backup --to store2 --state state2 \
    --interval 100ms "$p"
stopped()
{
	grep -q '^State:.T' "/proc/$pid/status"
}
ok "a cycle stands still" wait_for 10 stopped
t=$(($(_now_ms) + 300))
wait_for 5 _later_than $t
kill -CONT "$pid"
ok "an overrun is said" wait_for 10 said 1 \
    'warning: the cycle took longer than --interval 100ms; [0-9]+ ticks are'
kill -KILL "$pid"
ended "$pid"

# So does one that was asked for, and lets a tick pass.
bad=$(find "$scratch/data" -name '*.db' | sort | head -n 1)
cp "$bad" good
printf 'no more' | dd of="$bad" conv=notrunc 2>/dev/null
echo 'while [ ! -e go ]; do sleep 0.05; done; echo done >&2' >held
: >go
start "$lf" backup --to store --interval 3s --strict \
    --on-failure 'exec sh ./held' "$p"
ok "a cycle" wait_for 10 said 1 '^done'
rm go
kill -USR1 "$pid"
t=$(($(_now_ms) + 3000))
wait_for 5 _later_than $t
: >go
ok "a cycle that was asked for lets a tick pass" wait_for 10 said 1 \
    'warning: the cycle that was asked for ran into .*--interval 3[.0]*s; 1 tick is'
ok "and the next comes" wait_for 10 said 3 '^done'
stop "$pid" TERM
is "it ends" "$?" 0
cp good "$bad"
status 0 "and is good again" "$lf" backup --to store "$p"

# A dead-man service.
cat >pong <<-'SH'
	#!/bin/sh
	cat >/dev/null
	printf 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK'
SH
chmod +x pong
s3_endpoint=http://127.0.0.1:1
respond ping ./pong
status 0 "--ping" "$lf" backup --to store --ping "$url/abc?x=1" "$p"
is "after a good run" "$(asked ping '^GET /abc\?x=1 HTTP')" 1
printf 'no more' | dd of="$bad" conv=notrunc 2>/dev/null
status 1 "--ping after a failure" "$lf" backup --strict --to store \
    --ping "$url/abc?x=1" "$p"
is "tells of it" "$(asked ping '^GET /abc/fail\?x=1 HTTP')" 1
status 1 "--ping of a URL that ends in a slash" "$lf" backup --strict \
    --to store --ping "$url/def/" "$p"
is "which is no other" "$(asked ping '^GET /def/fail HTTP')" 1
cp good "$bad"
status 0 "a dead-man service that is dead" "$lf" backup --to store \
    --ping "http://127.0.0.1:1/secret" "$p"
says "is a warning" 'warning: --ping: .*refuses the connection'
says_not "without its path" secret
begin --interval 1h --ping "$url/secret"
for _p in $pid $(pgrep -P "$pid"); do
	cat "/proc/$_p/cmdline"
done >args
ok "its arguments can be read" grep -q -e --interval args
not_ok "and say nothing of it" grep -q secret args
ok "though it is asked for" wait_for 10 grep -q '^GET /secret HTTP' ping.log
stop "$pid" TERM

# In the journal each line has its priority.
JOURNAL_STREAM=$(stat -c %d:%i "$err")
export JOURNAL_STREAM
sql "$bad" 'UPDATE t SET n = n + 1'
status 0 "with the journal" "$lf" backup -v --to store --ping \
    http://127.0.0.1:1/ "$p"
says "a line of information" '^<6>Scan complete'
says "a warning" '^<4>litefleet: warning: '
says "and what -v adds" '^<7>.*: stored as'
status 2 "an error" "$lf" backup --nothing
says "also before anything else" '^<3>litefleet: error: '
status 0 "as JSON" "$lf" backup --to store --log-format json "$p"
says "they stand in front" '^<6>\{"time"'
JOURNAL_STREAM=1:1
status 0 "another journal than this" "$lf" backup --to store "$p"
says "has none" '^Scan complete'
unset JOURNAL_STREAM

# TERM while the command runs, and what it finds there.
cat >slow <<-'SH'
	grep SigIgn /proc/$$/status >ignored
	cat >input
	echo $$ >slow.pid
	exec sleep 60
SH
printf 'no more' | dd of="$bad" conv=notrunc 2>/dev/null
echo typed >typed
start sh -c 'exec "$@" <typed' - "$lf" backup --to store --strict \
    --interval 1h --on-failure "exec sh ./slow" "$p"
ok "a slow command" wait_for 10 test -s slow.pid
# (32 and 33 are the C library's own: make(1) ignores them for its children,
# and nobody can be asked to take that back.)
is "ignores no signal" \
    $((0x$(sed 's/.*[[:space:]]//' ignored) & ~0x180000000)) 0
is "and reads nothing" "$(wc -c <input)" 0
end "while it runs"
says "which kills it" 'on-failure: the command is killed, since litefleet is'
not_ok "it is gone" kill -0 "$(cat slow.pid)"
rm slow.pid
start "$lf" backup --to store --strict --on-failure "exec sh ./slow" "$p"
ok "of a single run" wait_for 10 test -s slow.pid
stop "$pid" TERM
is "TERM leaves the run its status" "$?" 1
not_ok "and ends the command" kill -0 "$(cat slow.pid)"
status 1 "a command that dies" "$lf" backup --to store --strict \
    --on-failure 'kill -SEGV $$' "$p"
says "is a warning" '--on-failure: the command died of signal 11'

# A dead-man service that does not answer is named, and its secret is not.
cat >silent <<-'PY'
	import os, socket, time
	s = socket.socket()
	s.bind(("127.0.0.1", 0))
	s.listen(8)
	with open("silent.tmp", "w") as f:
	    f.write(str(s.getsockname()[1]))
	os.rename("silent.tmp", "silent.port")
	time.sleep(600)
PY
start python3 silent
silent=$pid
ok "a server says nothing" wait_for 10 test -e silent.port
cp good "$bad"
status 0 "and is asked" "$lf" backup --to store --ping \
    "http://who:hush@127.0.0.1:$(cat silent.port)/secret" "$p"
says "which takes its time" \
    'warning: --ping: 127\.0\.0\.1:[0-9]+: no whole answer'
says_not "and tells nothing" 'secret|hush'
stop "$silent" TERM

# What a service manager hears.
if ! ldd "$lf" | grep -q libsystemd; then
	skip "built without libsystemd" 18
	done_testing
	exit
fi
start_manager
NOTIFY_SOCKET=$scratch/manager.sock WATCHDOG_USEC=400000 start "$lf" backup \
    --to store --interval 1h "$p"
heard()
{
	[ "$(grep -c "$2" manager.log)" -ge "$1" ]
}
ok "READY" wait_for 10 heard 1 '^READY=1'
ok "STATUS" wait_for 10 heard 1 '^STATUS=Scan complete: 20 databases'
ok "WATCHDOG, again and again" wait_for 10 heard 5 '^WATCHDOG=1'
stop "$pid" TERM
ok "STOPPING" wait_for 10 heard 1 '^STOPPING=1'

# Its watchdog is kept quiet while a command takes its time; USR1 meanwhile,
# however often, makes one more cycle.
printf 'no more' | dd of="$bad" conv=notrunc 2>/dev/null
cat >long <<-'SH'
	echo began >&2
	while [ ! -e go ]; do sleep 0.05; done
SH
rm -f go
beats=$(grep -c '^WATCHDOG=1' manager.log)
NOTIFY_SOCKET=$scratch/manager.sock WATCHDOG_USEC=400000 start "$lf" backup \
    --to store --strict --interval 1h --on-failure "exec sh ./long" "$p"
ok "a long command" wait_for 10 said 1 '^began'
ok "does not silence it" wait_for 10 heard $((beats + 5)) '^WATCHDOG=1'
kill -USR1 "$pid"
kill -USR1 "$pid"
: >go
ok "USR1 meanwhile is not lost" wait_for 10 said 2 '^began'
kill -USR2 "$pid"
ok "then figures are said" wait_for 10 said 1 ' cycles \('
is "of two cycles" "$(sed -n 's/ cycles .*//p' "$perr")" 2
stop "$pid" TERM

# Nor does a file system that takes its time to be synced silence it.
sql "$(find "$scratch/data" -name '*.db' ! -path "$bad" | head -n 1)" \
    'UPDATE t SET n = n + 1'
hanging()
{
	for k in "$pid" $(pgrep -P "$pid"); do
		grep -qs '^State:.T' "/proc/$k/status" && return 0
	done
	return 1
}
: >manager.log
LITEFLEET_HOOK="state-sync=stop" NOTIFY_SOCKET=$scratch/manager.sock \
    WATCHDOG_USEC=400000 start "$lfh" backup --to store --interval 1h "$p"
ok "the state is being synced" wait_for 20 hanging
beats=$(grep -c '^WATCHDOG=1' manager.log)
ok "and the manager hears on" wait_for 10 heard $((beats + 5)) '^WATCHDOG=1'
ok "and is asked for time" heard 1 '^EXTEND_TIMEOUT_USEC=60000000'
ok "a run is under way until then" \
    test -n "$(find state -name working)"
# shellcheck disable=SC2046	# they are many
kill -CONT "$pid" $(pgrep -P "$pid")
ok "then the cycle is over" wait_for 10 heard 1 '^READY=1'
is "and nothing is under way" "$(find state -name working)" ""
stop "$pid" TERM

# A manager grants 90 s to the first cycle, if it is not asked for more.
rm -f locked unlock
"$tools/mkfleet" "$scratch/other" 1 >/dev/null
start sqlite3 -batch -init lock.sql \
    "$(find "$scratch/other" -name '*.db')" .quit
locker=$pid
wait_for 10 test -e locked
: >manager.log
NOTIFY_SOCKET=$scratch/manager.sock start "$lf" backup --to store3 \
    --interval 1h --busy-timeout 1m "$scratch/other/**/*.db"
ok "a long first cycle asks for time" wait_for 10 heard 1 \
    '^EXTEND_TIMEOUT_USEC=60000000'
not_ok "and is not over" heard 1 '^READY=1'
: >unlock
ended "$locker"
ok "then it is" wait_for 10 heard 1 '^READY=1'
stop "$pid" TERM
stop "$manager" TERM
done_testing
