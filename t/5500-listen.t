#!/bin/sh
# backup --interval --listen: what a service shows of itself is what it did.
. "$(dirname "$0")/lib.sh"

"$tools/mkfleet" "$scratch" 40 >/dev/null || exit 1
p="$scratch/data/{{project}}/databases/{{database}}/branches/*/tenants/*.db"

said()
{
	[ "$(grep -cE -e "$2" "$perr")" -ge "$1" ]
}

# get PATH [ARGS...]: the answer's body to $out, its status to $code.
get()
{
	_path=$1
	shift
	code=$(curl -s -o "$out" -w '%{http_code}' "$@" "$at$_path")
}

# figure EXPR: of /stats.
figure()
{
	get /stats
	jq -r "$1" "$out"
}

# metric NAME[{LABELS}]: its value.
metric()
{
	get /metrics
	awk -v name="$1" 'index($0, name " ") == 1 { print $NF }' "$out"
}

begin()
{
	start "$lf" backup --to store --listen 127.0.0.1:0 "$@" "$p"
	ok "it says where it is seen" wait_for 10 said 1 'figures are shown at'
	at=$(sed -n 's,.*shown at \(http://.*\)/$,\1,p' "$perr")
}

status 2 "there is nothing to see of one run" \
    "$lf" backup --to store --listen 127.0.0.1:0 "$p"
status 2 "nowhere to listen" "$lf" backup --to store --interval 1s \
    --listen nowhere "$p"
echo text >file
for where in "unix:$scratch/file" "unix:$scratch/none/s"; do
	status 3 "nor can one listen there: $where" "$lf" backup --to store \
	    --interval 1s --listen "$where" "$p"
	says "which is said" 'error: cannot listen on '
done
for bad in -1 x '' nan 1e999 0x1 ' 1'; do
	status 2 "no price: \"$bad\"" "$lf" backup --to store --interval 1s \
	    --listen 127.0.0.1:0 --put-price "$bad" "$p"
done

begin --interval 300ms
ok "a cycle is over" wait_for 10 said 1 'Scan complete: 40 databases, 40 s'
get /readyz
is "it is ready" "$code" 200
get /healthz
is "and well" "$code" 200
is "databases" "$(figure .databases)" 40
is "uploads" "$(figure .uploads_success)" 40
is "failures" "$(figure .uploads_failed)" 0
is "bytes" "$(figure .bytes_uploaded)" \
    "$(find store -name '*.db.lz4' -exec cat {} + | wc -c)"
ok "the last look is a moment" test -n "$(date -d "$(figure .last_scan)" +%s)"
is "in metrics" "$(metric litefleet_uploads_total)" 40
is "and by project" "$(get /metrics
    awk '/^litefleet_project_uploads_total\{/ { n += $NF } END { print n }' \
    "$out")" 40
is "and by database" "$(get /metrics
    awk '/^litefleet_database_uploads_total\{/ { n += $NF } END { print n }' \
    "$out")" 40
ok "never by tenant" sh -c "! grep -q 't0000' '$out'"
is "no lag of what is new" "$(metric litefleet_replication_lag_seconds_count)" 0
sql "$(find "$scratch/data" -name '*.db' | head -n 1)" \
    'UPDATE t SET n = n + 1'
ok "a change is seen" wait_for 10 sh -c "[ \$(curl -s '$at/stats' |
    jq .uploads_success) -eq 41 ]"
is "and its lag counts" "$(metric litefleet_replication_lag_seconds_count)" 1

# One that fails.
bad=$(find "$scratch/data" -name '*.db' | sort | tail -n 1)
cp "$bad" good
printf 'no more' | dd of="$bad" conv=notrunc 2>/dev/null
failing()
{
	get /failures
	[ "$(jq -r '.failures | length' "$out")" -eq "$1" ]
}
ok "a failing one is shown" wait_for 10 failing 1
is "by its path" "$(jq -r '.failures[0].path' "$out")" "$bad"
is "and class" "$(jq -r '.failures[0].class' "$out")" corrupt
ok "since when" test -n "$(date -d "$(jq -r '.failures[0].since' "$out")" +%s)"
is "in metrics" "$(metric 'litefleet_failing_databases{class="corrupt"}')" 1
ok "the oldest change that is not stored" wait_for 10 sh -c "curl -s \
    '$at/metrics' | grep -E '^litefleet_oldest_unsaved_change_seconds [0-9.]*[1-9]'"
get /healthz
is "one that fails is not the service's health" "$code" 200
cat good >"$bad"
ok "it is well again" wait_for 20 failing 0

# The store goes away.
mv store away
ok "a store that is gone is said" wait_for 10 sh -c "[ \$(curl -s -o /dev/null \
    -w '%{http_code}' '$at/healthz') -eq 503 ]"
get /healthz
prints "with the reason" 'not there'
is "no database is gone for that" "$(metric litefleet_databases)" 40
mv away store
ok "and comes back" wait_for 20 sh -c "[ \$(curl -s -o /dev/null \
    -w '%{http_code}' '$at/healthz') -eq 200 ]"

# The face dies, and is there again; the service does not care.
face=$(ps -o pid= -o comm= --ppid "$pid" | awk '/litefleet-web/ { print $1 }')
kill -9 "$face"
ok "a face that died is replaced" wait_for 10 said 1 'started again'
ok "and shows the same" wait_for 10 sh -c "[ \$(curl -s '$at/stats' |
    jq .uploads_success) -ge 41 ]"
stop "$pid" TERM
is "TERM ends it well" "$?" 0
ok "nobody listens any more" sh -c "! curl -s '$at/'"

# Also where the next cycle is far, and within one that takes long.
web()
{
	ps -o pid= -o comm= --ppid "$pid" | awk '/litefleet-web/ { print $1 }'
}
begin --interval 1h
ok "a cycle is over" wait_for 10 said 1 'Scan complete: 40 databases'
kill -9 "$(web)"
ok "a face that died between cycles is replaced" wait_for 20 said 1 \
    'started again'
ok "and answers" wait_for 10 curl -sf -m 5 "$at/stats"
before=$(date +%s)
kill -9 "$(web)"
ok "and again" wait_for 20 said 2 'started again'
ok "but not at once: it may die of its start" \
    [ "$(date +%s)" -gt "$((before + 1))" ]
stop "$pid" TERM
rm -rf store3
LITEFLEET_HOOK="store=stop" start "$lfh" backup --to store3 --interval 1h \
    --listen 127.0.0.1:0 --jobs 1 "$p"
ok "it is up" wait_for 10 said 1 'figures are shown at'
at=$(sed -n 's,.*shown at \(http://.*\)/$,\1,p' "$perr")
stuck()
{
	for k in $(pgrep -P "$pid"); do
		grep -qs '^State:.T' "/proc/$k/status" && return 0
	done
	return 1
}
ok "a cycle hangs" wait_for 10 stuck
kill -9 "$(web)"
ok "a face that died within a cycle is replaced" wait_for 20 said 1 \
    'started again'
ok "and answers there" wait_for 10 curl -sf -m 5 "$at/stats"
stop "$pid" KILL

# Many look on while it works: no cycle waits for them.
start "$lf" backup --to store2 --interval 300ms --listen "unix:$scratch/s" "$p"
ok "a socket in the file system" wait_for 10 test -S "$scratch/s"
is "is for its owner alone" "$(stat -c %a "$scratch/s")" 600
for i in 1 2 3 4 5 6 7 8 9 10; do
	for _ in 1 2 3 4 5; do
		curl -s --unix-socket "$scratch/s" -o /dev/null \
		    -w '%{http_code}\n' http://x/metrics
	done >"codes.$i" &
	others="${others-} $!"
done
# shellcheck disable=SC2086
wait $others
is "50 scrapes are answered" "$(cat codes.* | sort | uniq -c | tr -s ' ')" \
    " 50 200"
stop "$pid" TERM
is "it ends well" "$?" 0
ok "and takes its socket with it" test ! -e "$scratch/s"

done_testing
