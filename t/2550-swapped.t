#!/bin/sh
# While a database is read, its directory is taken away, and something else lies
# in its place: a link to a directory of others, or another directory.  Nothing
# of that is stored as the database.
. "$(dirname "$0")/lib.sh"

# fill DIR WORD: in WAL mode, of a writer that died.
fill()
{
	mkdir "$1"
	cat >die.sql <<-SQL
		pragma journal_mode=wal;
		pragma wal_autocheckpoint=0;
		create table t(x);
		insert into t values('$2');
		.shell touch died
		.shell while kill -0 \$PPID; do sleep 0.05; done 2>/dev/null
	SQL
	rm -f died
	start sqlite3 "$1/x.db" ".read die.sql"
	wait_for 10 test -e died
	stop "$pid" KILL
}

stopped()
{
	worker=$(pgrep -P "$sup") && grep -q '^State:.T' "/proc/$worker/status"
}

over()
{
	! grep -qs '^State:.[^ZX]' "/proc/$sup/status"
}

stopped_or_over()
{
	stopped || over
}

# swap NAME WHAT STATUS STORED: WHAT is in the place of data/sub from when the database in it
# is pinned until it has been read.
swap()
{
	rm -rf store state
	LITEFLEET_HOOK="image-locked=stop,image-read=stop" start "$lfh" \
	    backup --jobs 1 --to store "$scratch/data/**/*.db"
	sup=$pid
	wait_for 10 stopped || fail "$1: it does not stop"
	mv data/sub data.sub
	mv "$2" data/sub
	kill -CONT "$worker"
	wait_for 10 stopped_or_over || fail "$1: it does not go on"
	mv data/sub "$2"
	mv data.sub data/sub
	until over; do
		! stopped || kill -CONT "$worker"
		sleep 0.02
	done
	ended "$sup"
	is "$1: the run" "$?" "$3"
	find store -name '*.db.lz4' -exec lz4 -dcqm {} + >stored
	is "$1: what is stored" "$(grep -aoE 'mine|theirs|another' stored)" \
	    "$4"
}

mkdir data
fill data/sub mine
fill outside theirs
ln -s "$scratch/outside" link
swap "a link" link 1 ''
fill other another
swap "a directory" other 0 mine
done_testing
