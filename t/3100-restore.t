#!/bin/sh
# One database comes back: the newest backup, one of a time, one object; to a
# path, to standard output, to where it was.
. "$(dirname "$0")/lib.sh"
use_store

mkdir -p "$scratch/data/p1" "$scratch/data/p2"
db=$scratch/data/p1/t1.db
sql "$db" "CREATE TABLE w(w); INSERT INTO w VALUES('one');"
sql "$scratch/data/p2/t2.db" "PRAGMA journal_mode=WAL; CREATE TABLE w(w);
    INSERT INTO w VALUES('wal');" >wal-mode
"$lf" backup -q --to "${base}store" --key '{{1}}/{{2}}.db' \
    "$scratch/data/*/*.db" || exit 1
sql "$db" "UPDATE w SET w='two';"
"$lf" backup -q --to "${base}store" --key '{{1}}/{{2}}.db' \
    "$scratch/data/*/*.db" || exit 1
t1=${base}store/p1/t1.db
first=$(objects store p1/t1.db | head -n 1)
last=$(objects store p1/t1.db | tail -n 1)
first_time=$(basename "$first" .db.lz4)

word()
{
	sql "$1" "SELECT w FROM w"
}

status 0 "the newest backup of a key" "$lf" restore -o new.db "$t1"
says "is said to be restored" \
    '^restored p1/t1.db of [0-9]{8}T[0-9]{6}\.[0-9]{3}Z to new.db \(8192 bytes\)$'
prints_not "and standard output stays empty" .
is "holds the last commit" "$(word new.db)" two
is "is sound" "$(sql new.db 'PRAGMA integrity_check')" ok
is "is private" "$(stat -c %a new.db)" 600
is "has nothing beside it" "$(echo new.db* .new.db*)" "new.db .new.db*"
whole=file://$scratch/store/p2/t2.db
[ "$LITEFLEET_STORE" = dir ] ||
	whole="${base}store/p2/t2.db?endpoint=$s3_endpoint"
status 0 "another key, by a whole URL" "$lf" restore -q -o other.db "$whole"
is "is another database" "$(word other.db)" wal
is "-q is quiet" "$(cat "$err")" ""
status 0 "an absolute path and a slash" "$lf" restore -o slash.db \
    "${base:-$scratch/}store/p1/t1.db/"
mkdir sub
status 0 "a target with .." "$lf" restore -o sub/../dots.db "$t1"
is "is where it should be" "$(word dots.db)" two

status 0 "at the time of the first backup" "$lf" restore -o t1.db \
    --timestamp "$first_time" "$t1"
is "it holds the first commit" "$(word t1.db)" one
status 0 "a day from now is the newest" "$lf" restore -o t2.db \
    --timestamp "$(date -u -d tomorrow +%Y-%m-%dT%H:%M:%SZ)" "$t1"
is "and holds the last commit" "$(word t2.db)" two
status 1 "before the first there is none" "$lf" restore -o t3.db \
    --timestamp 2001-02-03T04:05:06+01:00 "$t1"
says "the oldest is named" \
    "p1/t1.db at or before 20010203T030506.000Z; the oldest is of $first_time"
not_ok "and nothing is made" test -e t3.db
status 0 "one object" "$lf" restore -o t4.db "${base}store/$first"
is "is the first" "$(word t4.db)" one
says "and its time is said" "restored p1/t1.db of $first_time to t4.db"
for o in "$first" "$last"; do
	status 0 "it is listed: ${o##*/}" "$lf" list --json "${base}store/$o"
	is "alone" "$(jq -r .object "$out")" "$o"
	is "also of all" "$("$lf" list --all "${base}store/$o" | wc -l)" 1
done
status 1 "one that is not there is not" "$lf" list \
    "${base}store/p1/t1.db/20200101T000000.000Z.db.lz4"

status 0 "to standard output" "$lf" restore -o - "$t1"
ok "come the bytes" cmp "$out" "$db"
is "and nothing is said" "$(cat "$err")" ""
"$lf" restore -o - "$t1" 2>"$err" >/dev/full
is "a full disk behind it is status 3" "$?" 3
says "and said" 'standard output: No space'
if command -v script >/dev/null; then
	status 2 "a terminal is refused" script -qec \
	    "'$lf' restore -o - '$t1'" /dev/null
	prints "and told why" 'terminal'
else
	skip "no script(1)" 2
fi

rm "$db"
status 0 "to where it was" "$lf" restore --original "$t1"
is "it is there again" "$(word "$db")" two
status 1 "but not over what is there" "$lf" restore --original "$t1"
says "the path is named, and the way" "$db exists; --force replaces it"
mv "$scratch/data/p2" "$scratch/data/p3"
status 1 "nor into a missing directory" "$lf" restore --original \
    "${base}store/p2/t2.db"
says "which is to be made first" "the directory of .*/p2/t2.db is missing"
status 1 "with -o neither" "$lf" restore -o none/x.db "$t1"
says "and is named" "the directory of none/x.db is missing; create it"

# A target exists if any part of it does.
for part in '' -wal -shm -journal; do
	rm -f x.db*
	echo keep >"x.db$part"
	status 1 "x.db$part is there" "$lf" restore -o x.db "$t1"
	says "and x.db$part is named with --force" "x.db$part exists.*--force"
	if [ -z "$part" ]; then
		status 0 "x.db is left" "$lf" restore -o x.db \
		    --if-db-not-exists "$t1"
		says "which is said" '^skipped: x.db'
	else
		status 1 "x.db$part alone is no database" "$lf" restore \
		    -o x.db --if-db-not-exists "$t1"
		says "which is said" "x.db$part exists.*--force"
	fi
	is "x.db$part is as it was" "$(cat x.db*)" keep
done
rm -f x.db*
ln -s none x.db
status 1 "nor is a link that leads nowhere" "$lf" restore -o x.db \
    --if-db-not-exists "$t1"
says "which is said" 'x.db is not a regular file'
rm x.db
echo keep >keep.db
ln -s keep.db x.db
status 0 "one that leads to a file is left" "$lf" restore -o x.db \
    --if-db-not-exists "$t1"
rm x.db
status 0 "without it it is restored" "$lf" restore -o x.db \
    --if-db-not-exists "$t1"
is "as ever" "$(word x.db)" two

# Damage is found, and nothing is left of it.
copy_object()
{
	object store "$1" | put_object damaged "$1"
}
copy_object .litefleet/store
copy_object "$first"
object store "$last" >good
size=$(stat -c %s good)
for at in 0 $((size / 4)) $((size - 3)); do
	cp good bad
	printf '\377\376' | dd of=bad bs=1 seek="$at" conv=notrunc status=none
	put_object damaged "$last" <bad
	status 1 "an object with a flipped byte at $at" "$lf" restore -o bad.db \
	    "${base}damaged/p1/t1.db"
	says "is named" 'error: p1/t1.db/[^ ]*\.db\.lz4'
	is "and leaves nothing" "$(find . -name '*bad.db*')" ""
done
head -c $((size / 2)) good | put_object damaged "$last"
status 1 "a truncated one" "$lf" restore -o bad.db "${base}damaged/p1/t1.db"
status 1 "to standard output too" "$lf" restore -o - "${base}damaged/p1/t1.db"
status 1 "or to where it was" "$lf" restore --original "${base}damaged/p1/t1.db"
is "leave nothing" "$(find . -name '*bad.db*')" ""
status 0 "the one before is still good" "$lf" restore -o bad.db \
    "${base}damaged/$first"

# What is not there, and what makes no sense.
status 1 "no such key" "$lf" restore -o y.db "${base}store/p1/none.db"
says "is named" 'no backup of p1/none.db in (file|s3)://.*/store[;?]'
status 1 "no such object" "$lf" restore -o y.db \
    "${base}store/p1/t1.db/20200101T000000.000Z.db.lz4"
status 3 "no store" "$lf" restore -o y.db data/p1/t1.db
status 2 "a whole store" "$lf" restore -o y.db "${base}store"
says "is no database" 'is a whole store'
status 2 "no target" "$lf" restore "$t1"
says "asks for one" '-o PATH, -o - and --original'
status 2 "two targets" "$lf" restore -o y.db --original "$t1"
status 2 "no URL" "$lf" restore -o y.db
status 2 "two URLs" "$lf" restore -o y.db "$t1" "$t1"
status 2 "a directory's name" "$lf" restore -o sub/ "$t1"
status 2 "an empty name" "$lf" restore -o '' "$t1"
status 2 "both manners" "$lf" restore -o y.db --force --if-db-not-exists \
    "$t1"
status 2 "force on standard output" "$lf" restore -o - --force "$t1"
status 2 "no time" "$lf" restore -o y.db --timestamp soon "$t1"
says "is said to be none" '--timestamp'
status 2 "a time and an object" "$lf" restore -o y.db \
    --timestamp "$first_time" "${base}store/$first"
status 2 "another scheme" "$lf" restore -o y.db ftp://host/store/p1/t1.db
is "nothing was made" "$(find . -name '*y.db*')" ""

# Names that are hard to write.
odd=$(printf '%s/odd/a%%b\tc\nd \377.db' "$scratch")
mkdir odd
sql "$odd" "CREATE TABLE w(w); INSERT INTO w VALUES('odd');"
long=$scratch/odd/$(printf '%0243d.db' 0)
cp "$odd" "$long"
status 0 "odd names" "$lf" upload -q --to "${base}odd-store" "$odd" "$long"
rm odd/*
objects odd-store >names
while IFS= read -r name <&3; do
	status 0 "come back to where they were" "$lf" restore --original \
	    "${base}odd-store/$name"
done 3<names
is "under their names" "$(word "$odd")$(word "$long")" oddodd

# Interrupted: nothing is left.
start env LITEFLEET_HOOK=restore-decoded=stop "$lfh" restore -o z.db \
    "$t1"
stopped()
{
	[ "$(ps -o state= -p "$pid")" = T ]
}
ok "it waits" wait_for 10 stopped
is "the unfinished file is hidden" "$(echo .z.db.litefleet-* z.db*)" \
    ".z.db.litefleet-0 z.db*"
stop "$pid" KILL
start env LITEFLEET_HOOK=restore-decoded=stop "$lfh" restore -o z.db \
    "$t1"
ok "another waits" wait_for 10 stopped
is "what kill -9 left is gone" "$(echo .z.db.litefleet-*)" .z.db.litefleet-0
status 0 "meanwhile it is restored" "$lf" restore -o z.db "$t1"
is "all of it" "$(word z.db)" two
is "and who works on it keeps his file" "$(echo .z.db.litefleet-*)" \
    .z.db.litefleet-0
stop "$pid" CONT
is "he comes too late" "$?" 1
is "and leaves nothing" "$(echo .z.db*)" ".z.db*"
is "and what is there stays" "$(word z.db)" two

# A database that is called as an object is.
mkdir shaped
sqlite3 shaped/20261120T103000.123Z.db.lz4 'create table t(x)'
"$lf" backup -q --to "${base}store" "$scratch/shaped/*" || fail "backup of an odd name"
status 0 "its name is a key" "$lf" restore -o odd.back \
    "${base}store$scratch/shaped/20261120T103000.123Z.db.lz4"
ok "and it comes back" cmp odd.back shaped/20261120T103000.123Z.db.lz4
is "and it is listed" "$("$lf" list \
    "${base}store$scratch/shaped/20261120T103000.123Z.db.lz4" | cut -f3)" \
    "${scratch#/}/shaped/20261120T103000.123Z.db.lz4"

done_testing
