#!/bin/sh
# A clock was ahead, and the state is lost: what is stored from then on is named
# before the old backups.  prune leaves it, and --reconcile puts it right.
. "$(dirname "$0")/lib.sh"
use_store
st=${base:-$scratch/}st

mkdir data
for i in 1 2; do
	sql "data/$i.db" "create table t(x); insert into t values('old')"
done
not_racy
key=${scratch#/}/data/1.db
ahead=$key/20991231T235959.999Z.db.lz4

backup()
{
	"$lf" backup --to "$st" "$@" "$scratch/data/*.db"
}

# What is restored of it.
content()
{
	rm -f back.db
	"$lf" restore -q -o back.db "$st/$key" && sql back.db 'select x from t'
}

status 0 "a backup" backup
object st "$(objects st "$key")" >first
put_object st "$ahead" <first
rm -rf state
sql data/1.db "update t set x = 'fresh'"
not_racy
status 0 "with a new state" backup
says "all is stored" ' 2 synced'
objects st "$key" >names
is "before one of the future" "$(tail -n 1 names)" "$ahead"
fresh=$(tail -n 2 names | head -n 1)

status 0 "prune" "$lf" prune --keep-last 1 "$st"
says "warns" "warning: store .*newest backups of 1 databases are named more \
than a day later than now: .*backup --reconcile"
is "and leaves the newest of both kinds" "$(objects st "$key" |
    tr '\n' ' ')" "$fresh $ahead "
object st "$fresh" | lz4 -dc >image 2>/dev/null
is "the fresh one" "$(sql image 'select x from t')" fresh
is "of what is not ahead one stays" \
    "$(objects st "${key%1.db}2.db" | wc -l)" 1

status 0 "a backup that does not look" backup
says "finds nothing to do" ' 0 synced'
is "the newest is not the database" "$(content)" old
status 0 "one that does" backup --reconcile 1ms
says "says why" 'warning: --reconcile: there are backups of 1 databases that'
says "and stores it again" ' 1 synced'
is "the newest is the database" "$(content)" fresh
status 0 "the next" backup --reconcile 1ms
says "has nothing to do" ' 0 synced'
says_not "nor to say" 'warning:'
status 0 "prune once more" "$lf" prune -q --keep-last 1 "$st"
is "the newest stays the database" "$(content)" fresh
is "as does the newest before now" "$(objects st "$key" | head -n 1)" "$fresh"
done_testing
