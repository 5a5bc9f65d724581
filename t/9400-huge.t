#!/bin/sh
# Databases beyond 1 GiB, where SQLite leaves out a page for its locks: written
# to in rollback and in WAL mode while they are spooled; with the page behind
# the file's end and before the log's; at rest.
. "$(dirname "$0")/lib.sh"

free=$(df -Pk . | awk 'NR == 2 { print int($4 / 1048576) }')
[ "$free" -ge 12 ] || skip_all "12 GiB are needed, here are $free"

# Just below 1 GiB; a random blob now and then, lest all pages be alike.
sql wal.db "PRAGMA synchronous=OFF; PRAGMA journal_mode=OFF;
    CREATE TABLE pad(x BLOB);
    WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1050)
    INSERT INTO pad SELECT CASE i % 10 WHEN 0 THEN randomblob(1000000)
    ELSE zeroblob(1000000) END FROM n" >"$out"
lock_byte=1073741824
ok "a database is just below the lock byte" test \
    "$(stat -c %s wal.db)" -gt $((lock_byte - 30000000)) -a \
    "$(stat -c %s wal.db)" -lt "$lock_byte"
cp wal.db rollback.db
more="INSERT INTO pad SELECT randomblob(500000) FROM pad LIMIT 100"
sql rollback.db "PRAGMA synchronous=OFF; $more"
sqlite3 -batch wal.db >"$out" <<END
.dbconfig no_ckpt_on_close on
PRAGMA journal_mode=WAL;
PRAGMA synchronous=OFF;
PRAGMA wal_autocheckpoint=0;
$more;
END
ok "one is beyond it" test "$(stat -c %s rollback.db)" -gt "$lock_byte"
ok "one only with its log" test "$(stat -c %s wal.db)" -lt "$lock_byte" -a \
    $(($(stat -c %s wal.db) + $(stat -c %s wal.db-wal))) -gt "$lock_byte"

start "$tools/writer" --mode delete --pause 2 --log rollback.log \
    "$scratch/rollback.db"
in_rollback=$pid
start "$tools/writer" --mode wal --autocheckpoint 0 --pause 2 \
    --log wal.log "$scratch/wal.db"
in_wal=$pid
wait_for 60 test -s rollback.log
wait_for 60 test -s wal.log

# The counter in a line "PATH COUNTER".
counter()
{
	awk '{ print $NF + 0 }' "$1"
}

# back NAME LEAST WHAT: it comes back, sound, with LEAST commits or more.
back()
{
	status 0 "$3: restored" "$lf" restore -q -o "$1.back" \
	    "store$scratch/$1.db"
	status 0 "$3: sound and balanced" "$tools/writer" --check "$1.back"
	n=$(counter "$out")
	ok "$3: $n commits, $2 before it began" test "$n" -ge "$2"
	is "$3: as long as its pages" "$(stat -c %s "$1.back")" \
	    "$(sql "$1.back" 'SELECT page_count * page_size FROM
	    pragma_page_count, pragma_page_size')"
	ok "$3: and beyond the lock byte" test \
	    "$(stat -c %s "$1.back")" -gt "$lock_byte"
}

for name in rollback wal; do
	least=$(counter $name.log)
	status 0 "$name: stored while it is written to" "$lf" upload -q \
	    --busy-timeout 60s --spool "$scratch" --to store \
	    "$scratch/$name.db"
	most=$(counter $name.log)
	ok "$name: which went on, $((most - least)) commits" test "$most" \
	    -gt "$least"
	back $name "$least" $name
	rm -f $name.back
done
is "the spool is empty" "$(find . -maxdepth 1 -size +1M \
    ! -name 'rollback.db*' ! -name 'wal.db*')" ''

# Killed: nobody is attached, first with the index, then without.
stop "$in_wal" KILL
for name in index none; do
	[ $name = index ] || rm wal.db-shm
	sha256sum wal.db wal.db-wal >before
	status 0 "dead, $name: stored" "$lf" upload -q --spool "$scratch" \
	    --to store wal.db
	ok "dead, $name: not touched" sha256sum --quiet -c before
	back wal "$(counter wal.log)" "dead, $name"
	rm -f wal.back
done

# At rest.
stop "$in_rollback"
is "the writer was well" "$?" 0
status 0 "at rest: stored" "$lf" upload -q --spool "$scratch" --to store \
    rollback.db
status 0 "at rest: restored" "$lf" restore -q -o rollback.back \
    "store$scratch/rollback.db"
ok "at rest: the same bytes" cmp rollback.db rollback.back
done_testing
