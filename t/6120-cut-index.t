#!/bin/sh
# A tenant cuts each of its wal-indexes off while SQLite has it mapped, which is
# SIGBUS to the reader: no worker dies of it, and the others are done.
. "$(dirname "$0")/lib.sh"

mkdir -p data/evil data/good
sqlite3 template.db "pragma journal_mode=wal; create table t(x);
    insert into t values(1);" ".shell cp template.db template.db-wal data" \
    ".shell cp template.db-shm data" >/dev/null
is "a database with a log and its index" "$(ls data)" "evil
good
template.db
template.db-shm
template.db-wal"
for i in $(seq 1 20); do
	for s in '' -wal -shm; do
		cp "data/template.db$s" "data/evil/x$i.db$s"
	done
done
rm data/template.db*
for i in $(seq 1 30); do
	sqlite3 "data/good/g$i.db" "create table t(x)"
done

start "$tools/cutter" data/evil/*.db
wait_for 10 grep -q armed "$pout" || exit 1
cutter=$pid

# Of one they never get far, however long they wait.
"$lf" backup --jobs 2 --busy-timeout 20ms --to store "$scratch/data/*/*.db" \
    >"$out" 2>"$err"
s=$?
ok "the run is not ended" test "$s" -le 1
is "no worker dies" "$(grep -c signal "$err")" 0
is "all the others are stored" "$("$lf" list store | grep -c good)" 30
ok "what was cut off failed alone" test "$(grep -c 'evil/x.*in 12 tries' \
    "$err")" -ge 1
ok "the tenant was there" kill -0 "$cutter"
stop "$cutter"
is "... all the time" "$?" 143

rm data/evil/*-shm
status 0 "what it leaves alone is stored" "$lf" backup --to store \
    "$scratch/data/*/*.db"
is "all of it" "$("$lf" list store | wc -l)" 50

# Nor does who puts a database into the place of such a one: he begins again.
target=$scratch/data/good/g1.db
key=store$target
"$lf" restore -o want.db "$key" || exit 1
sqlite3 g1.db ".restore want.db" "pragma journal_mode=wal;" \
    "insert into t values(2);" ".shell cp g1.db* data/good" >/dev/null
LITEFLEET_HOOK=replace-checkpointed=stop start "$lfh" restore --force \
    -o "$target" "$key"
stopped()
{
	grep -q '^State:.T' "/proc/$pid/status"
}
ok "it is at the database" wait_for 10 stopped
ok "whose index is there" test -s "$target-shm"
truncate -s 0 "$target-shm"
go_on()
{
	kill -CONT "$pid" 2>/dev/null
	! grep -qs '^State:.[^Z]' "/proc/$pid/status"
}
wait_for 10 go_on
ended "$pid"
is "restore --force of one that is cut off" "$?" 0
is "has it in its place" "$(sql "$target" "SELECT count(*) FROM t")" 0
is "and nothing beside it" "$(find data/good -name '.*')" ""
done_testing
