#!/bin/sh
# Read-only means read-only: size, bytes, times and directory of every kind of
# source before and after, as root and as another user.
. "$(dirname "$0")/lib.sh"

mkdir data
cd data || exit 1
sqlite3 rollback.db 'create table t(x); insert into t values(1)'
sqlite3 wal.db 'pragma journal_mode=wal; create table t(x);
    insert into t values(2)' >/dev/null
: >zero.db
: >zerowal.db
cp wal.db zerowal.db-wal

# A writer that died: kill -9 leaves -wal and -shm.  The shell that it waits
# for ends after it, never before: sqlite3 would go on and roll back.
die()
{
	cat >../die.sql <<-SQL
		pragma journal_mode=$2;
		pragma cache_size=5;
		pragma wal_autocheckpoint=0;
		create table if not exists t(x);
		insert into t values('committed');
		$3
		.shell touch ../died
		.shell while kill -0 \$PPID; do sleep 0.05; done 2>/dev/null
	SQL
	rm -f ../died
	start sqlite3 "$1" ".read ../die.sql"
	wait_for 10 test -e ../died
	stop "$pid" KILL
}
die dead.db wal ''
die noshm.db wal ''
rm noshm.db-shm
die hot.db delete "begin; update t set x = zeroblob(3000);
    insert into t select zeroblob(3000) from sqlite_master, sqlite_master a,
    sqlite_master b, pragma_function_list limit 100;"
ok "the journal is hot" test -s hot.db-journal
ok "the writer is dead with its -wal" test -s dead.db-wal
cd ..
"$tools/writer" --mode wal --max 5 data/live.db >/dev/null 2>&1
p="$scratch/data/*.db"

# Everything that could move, of everything but what a live writer moves.
snap()
{
	(
		cd data && find . ! -name 'live*' | sort
		stat -c '%n %i %s %y %z %a %u' . rollback.* wal.* zero* dead* \
		    noshm* hot*
		sha256sum rollback.* wal.* zero* dead* noshm* hot*
	)
}

# A connection that holds the database open without writing.
cat >idle.sql <<-'SQL'
	select count(*) from a;
	.shell touch idle.up
	.shell while [ ! -e idle.end ] && kill -0 $PPID; do sleep 0.05; done
SQL
start sqlite3 data/live.db ".read idle.sql"
idle=$pid
wait_for 10 test -e idle.up

live()
{
	find data -name 'live*' | sort
	stat -c '%n %i %s %y %z' data/live*
	sha256sum data/live*
}

snap >before
live >live.before
status 0 "backup as $(id -un)" "$lf" backup --to store "$p"
snap >after
live >live.after
ok "nothing moved" diff before after
ok "nor beside a connection" diff live.before live.after

for n in rollback wal zero dead noshm hot live; do
	status 0 "restore $n" "$lf" restore -o "$n.back" \
	    "store$scratch/data/$n.db"
	is "$n is sound" "$(sqlite3 "$n.back" 'pragma integrity_check')" ok
done
is "dead: what was committed" "$(sqlite3 dead.back 'select x from t')" committed
is "noshm: too" "$(sqlite3 noshm.back 'select x from t')" committed
is "hot: only what was committed" "$(sqlite3 hot.back 'select x from t')" \
    committed
snap >after
ok "restore moved nothing" diff before after

if can_be_nobody; then
	mkdir nobody && chown 65534 nobody
	chmod 755 data
	chmod 644 data/*
	snap >before
	live >live.before
	status 0 "backup as another user" as_nobody "$lf" backup \
	    --state nobody/s --spool nobody --to nobody/store "$p"
	snap >after
	live >live.after
	ok "nothing moved for another user" diff before after
	ok "nor beside a connection" diff live.before live.after
	for n in dead noshm hot wal; do
		ok "the same bytes: $n" sh -c "'$lf' restore -o nobody.back \
		    'nobody/store$scratch/data/$n.db' &&
		    cmp '$n.back' nobody.back && rm nobody.back"
	done
else
	skip "only root can become another user" 7
fi
touch idle.end
ended "$idle"

# Now one that writes all the time: only it moves anything.  Once it commits
# its -wal and -shm are there, and the directory stays as it is.
start "$tools/writer" --mode wal --log live.log data/live.db
wpid=$pid
wait_for 10 test -s live.log
snap >before
for i in 1 2 3 4 5; do
	"$lf" backup -q --to store "$p" || fail "backup $i beside a writer"
done
snap >after
ok "nothing else moved" diff before after
stop "$wpid"
ok "the writer was well" test "$?" -eq 0
find data -name '*live*' >files
is "no file of ours beside it" \
    "$(grep -cvE '^data/live\.db(-wal|-shm)?$' files)" 0
done_testing
