#!/bin/sh
# A commit is in the log before it counts: its writer first waits for the disk,
# and then says so in the -shm, which no stat value shows.  What a backup meets
# in between is not in its image; the next cycle has it, or finds that its writer
# died and SQLite took it up when the others had gone, too.
. "$(dirname "$0")/lib.sh"

command -v strace >/dev/null || skip_all "no strace here"
db=$scratch/data/a.db
mkdir data
sql "$db" "PRAGMA journal_mode=WAL; CREATE TABLE t(x);
    INSERT INTO t VALUES('one')" >"$out"
mkfifo fifo
start sh -c "exec sqlite3 '$db' <fifo"
other=$pid
told=$pout
exec 9>fifo
echo "INSERT INTO t VALUES('two');" >&9

rows()
{
	sql "$1" "SELECT group_concat(x) FROM t"
}

# two_there: the other has committed.
two_there()
{
	[ "$(rows "$db")" = one,two ]
}

# is_stopped PID
is_stopped()
{
	[ "$(ps -o stat= -p "$1" | cut -c1)" = T ] ||
	    [ "$(ps -o stat= -p "$1" | cut -c1)" = t ]
}

# writing X [N]: insert it, and stop amid the commit, at the Nth time that it
# waits for the disk; $writer is who.
writing()
{
	start strace -f -qq -o /dev/null -e trace=fdatasync,fsync \
	    -e inject="fdatasync,fsync:signal=SIGSTOP:when=${2:-1}" \
	    sqlite3 "$db" "PRAGMA synchronous=FULL; INSERT INTO t VALUES('$1')"
	tracer=$pid
	wait_for 10 pgrep -P "$tracer" -x sqlite3 >writer
	writer=$(pgrep -P "$tracer" -x sqlite3)
	wait_for 10 is_stopped "$writer" || fail "it stops at the disk"
	not_racy
}

backup()
{
	"$lf" backup --to store "$scratch/data/*.db"
}

# newest: what the newest backup holds.
newest()
{
	rm -f r.db
	"$lf" restore -q -o r.db "store$db"
	rows r.db
}

wait_for 10 two_there || fail "two connections"
not_racy
status 0 "a backup" backup
writing three
status 0 "one while a commit waits for the disk" backup
is "does not have it" "$(newest),$(rows "$db")" one,two,one,two
kill -CONT "$writer"
ended "$tracer"
is "now it counts" "$(rows "$db")" one,two,three
status 0 "the next backup" backup
is "has it" "$(newest)" one,two,three
status 0 "and the one after that" backup
prints_not "reads nothing again" .
says "finds no change" ' 0 synced'

# is_ready N: the other has come as far as that.
is_ready()
{
	[ "$(grep -c ready "$told")" -ge "$1" ]
}
n=0

# Where the log begins anew, its header and the directory are synced first.
for how in wal_checkpoint 'wal_checkpoint(TRUNCATE)'; do
	before=$(rows "$db")
	echo "PRAGMA $how;" >&9
	echo "SELECT 'ready';" >&9
	wait_for 10 is_ready $((n += 1))
	writing "$how" 3
	status 0 "$how: a backup while a commit waits" backup
	is "$how: does not have it" "$(newest)" "$before"
	kill -CONT "$writer"
	ended "$tracer"
	status 0 "$how: the next" backup
	is "$how: has it" "$(newest)" "$before,$how"
done

before=$(rows "$db")
writing four
kill -KILL "$writer"
ended "$tracer"
status 0 "a backup where the writer died amid it" backup
is "does not have it" "$(newest)" "$before"
kill -KILL "$other"
ended "$other"
exec 9>&-
status 0 "one when the others are gone, too" backup
is "has what SQLite takes up" "$(newest),$(rows "$db")" \
    "$before,four,$before,four"
done_testing
