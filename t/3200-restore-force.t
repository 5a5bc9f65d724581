#!/bin/sh
# restore --force: an old database is replaced, and its companions never meet
# the new one; what SQLite cannot read is kept.
. "$(dirname "$0")/lib.sh"

db=$scratch/data/t.db
mkdir "$scratch/data"
sql "$db" "CREATE TABLE w(w); INSERT INTO w VALUES('stored');"
"$lf" backup -q --to store "$scratch/data/*.db" || exit 1
url=store$db
restore()
{
	"$lf" restore --original --force "$url"
}
word()
{
	sql "$1" "SELECT w FROM w"
}
# All names in the directory of the database.
names()
{
	(cd "$scratch/data" && find . -type f | sort | tr '\n' ' ')
}
# Put a database there whose last commit is only in its -wal.
put_dead_wal()
{
	rm -rf data/* other.db*
	sql other.db "PRAGMA journal_mode=WAL; CREATE TABLE w(w);
	    INSERT INTO w VALUES('old'); PRAGMA wal_checkpoint;
	    UPDATE w SET w='late';" ".shell cp other.db '$db'" \
	    ".shell cp other.db-wal '$db-wal'" \
	    ".shell cp other.db-shm '$db-shm'" >/dev/null
}
# Put one there that was killed in the middle of a transaction.
put_hot_journal()
{
	rm -rf data/* other.db*
	sql other.db "CREATE TABLE w(w); INSERT INTO w VALUES('old');
	    CREATE TABLE t(x); WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL
	    SELECT i+1 FROM c WHERE i<60) INSERT INTO t SELECT
	    randomblob(900) FROM c;"
	sql other.db "PRAGMA cache_size=2; BEGIN; UPDATE w SET w='lost';
	    UPDATE t SET x=randomblob(900);" ".shell cp other.db '$db'" \
	    ".shell cp other.db-journal '$db-journal'" "ROLLBACK;"
}

sql "$db" "UPDATE w SET w='newer';"
status 0 "a database at rest" restore
is "is replaced" "$(word "$db")" stored
is "and nothing is moved" "$(names)" "./t.db "

put_dead_wal
is "the -wal holds a commit" "$(cp -r data look && word look/t.db)" late
status 0 "one with the -wal of a dead writer" restore
is "is replaced with it" "$(names)" "./t.db "
is "and holds what was stored" "$(word "$db")" stored

put_hot_journal
ok "the journal is hot" test -s "$db-journal"
status 0 "one with a hot journal" restore
is "is replaced with that" "$(names)" "./t.db "
is "and holds what was stored" "$(word "$db")" stored

put_dead_wal
rm "$db"
status 1 "a -wal alone" "$lf" restore --original "$url"
says "is a reason not to" "t.db-wal exists, and SQLite would lay it over"
status 0 "with --force" restore
says "it is moved aside" "the old .*t.db was moved to .*t.db.replaced-.*Z-wal"
is "with the -shm" "$(names | sed 's/replaced-[^ -]*/R/g')" \
    "./t.db ./t.db.R-shm ./t.db.R-wal "
is "and the database holds what was stored" "$(word "$db")" stored

rm data/*
echo "no database" >"$db"
echo "no wal" >"$db-wal"
status 0 "what is no database" restore
moved=$(find data -name 't.db.replaced-*Z')
says "is moved aside" "the old .*/t.db was moved to .*/${moved##*/}$"
is "as it was" "$(cat "$moved" "$moved-wal")" "no database
no wal"
is "and replaced" "$(word "$db")" stored

rm data/*
ln -s elsewhere.db "$db"
status 1 "a symbolic link" restore
says "is not replaced" "t.db is not a regular file"
ok "and stays" test -L "$db"
rm "$db"
mkdir "$db"
status 1 "nor a directory" restore
rmdir "$db"
sql "$db" "CREATE TABLE w(w);"
sql "$scratch/own.db" "CREATE TABLE mine(x);"
cp own.db "$db-journal"
status 1 "a database called like a journal" restore
says "is not lost" "t.db-journal is a database of its own"
ok "at all" cmp own.db "$db-journal"
rm "$db-journal"

# The longest path that SQLite opens, and one byte more.
mkdir -p "$scratch/$(printf '%0200d/%0100d' 1 2)"
cd "$scratch"/0*/0* || exit 1
moved=0
for n in 504 505; do
	long=$PWD/$(printf "%0$((n - ${#PWD} - 1))d" 3)
	cp "$db" "$long"
	status 0 "a path of $n bytes" "$lf" restore --force -o "$long" \
	    "$scratch/$url"
	is "$moved old ones are kept" \
	    "$(find . -name '*.replaced-*' | wc -l)" $moved
	moved=1
done
says "which is said" 'was moved to .*/0*3\.replaced-'
cd "$scratch" || exit 1

# Somebody has it open.
for mode in DELETE WAL; do
	rm -f data/*
	sql "$db" "PRAGMA journal_mode=$mode; CREATE TABLE w(w);
	    INSERT INTO w VALUES('mine');" >/dev/null
	rm -f opened go
	mkfifo go
	start sqlite3 "$db" "SELECT w FROM w;" ".shell touch opened" ".read go"
	ok "a reader has it open ($mode)" wait_for 10 test -e opened
	status 1 "it is refused ($mode)" restore
	says "and why ($mode)" "t.db is open in another process"
	is "nothing is left behind ($mode)" \
	    "$(find data -name '*litefleet*' -o -name '*replaced*')" ""
	stop "$pid" KILL
	is "it is as it was ($mode)" "$(word "$db")" mine
	status 0 "and replaced when it is closed ($mode)" restore
	is "with what was stored ($mode)" "$(word "$db")" stored
done

# Killed anywhere: the old or the new, and no companion of the other.
for point in restore-decoded restore-synced replace-checkpointed \
    replace-unwalled replace-locked replace-folded replace-renamed \
    restore-renamed; do
	for kind in put_dead_wal put_hot_journal; do
		$kind
		[ $kind = put_dead_wal ] && want=late || want=old
		case $point in
		*-renamed) want=stored ;;
		esac
		LITEFLEET_HOOK=$point=kill "$lfh" restore --original --force \
		    "$url" >/dev/null 2>&1
		is "killed at $point after $kind" "$?" 137
		is "it holds '$want'" "$(word "$db")" "$want"
		is "and is sound" "$(sql "$db" 'PRAGMA integrity_check')" ok
		status 0 "trying again" restore
		is "brings back what was stored" "$(word "$db")" stored
		is "and leaves nothing" "$(find data -name '.*litefleet*')" ""
	done
done
for part in '' -wal -shm; do
	put_dead_wal
	dd if=/dev/zero of="$db" bs=4096 count=1 conv=notrunc status=none
	echo "no wal" >"$db-wal"
	cp "$db" damaged.db
	LITEFLEET_HOOK="replace-moved=kill:t.db$part" "$lfh" restore \
	    --original --force "$url" >/dev/null 2>&1
	is "killed when t.db$part was moved aside" "$?" 137
	not_ok "there is no database for a companion to meet" test -e "$db"
	ok "and the old one is kept" cmp damaged.db \
	    "$(find data -name 't.db.replaced-*Z')"
	status 0 "trying again" restore
	is "brings back what was stored" "$(word "$db")" stored
done

if can_be_nobody; then
	rm -f data/*
	sql "$db" "CREATE TABLE w(w); INSERT INTO w VALUES('mine');"
	chmod 777 data
	chmod 666 "$db"
	chmod -R a+rX store
	status 0 "another user's database" as_nobody "$lf" restore --original \
	    --force "$url"
	says "is replaced with a warning" \
	    'warning: whether another process has the old .* cannot be known'
	is "by what was stored" "$(word "$db")" stored
else
	skip "not root" 3
fi
done_testing
