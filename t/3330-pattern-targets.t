#!/bin/sh
# What is there already, in use, in the way; disks that are full or others.
. "$(dirname "$0")/lib.sh"

rp()
{
	"$lf" restore-pattern "$@"
}
figure()
{
	jq -r "select(.type == \"summary\") | .$1" "$out"
}
word()
{
	sql "$1" "SELECT w FROM w"
}

mkdir data
i=0
while [ "$i" -lt 20 ]; do
	sql "data/t$i.db" "CREATE TABLE w(w); INSERT INTO w VALUES('stored$i')"
	i=$((i + 1))
done
chmod 640 data/t3.db
"$lf" backup -q --to store "$scratch/data/*.db" || exit 1
glob="store$scratch/data/"

# put OLD: some targets are there, whole, or as a companion alone.
put_old()
{
	rm -rf out
	mkdir out
	sql out/t0.db "CREATE TABLE w(w); INSERT INTO w VALUES('old')"
	echo wal >out/t1.db-wal
	echo shm >out/t2.db-shm
	echo journal >out/t3.db-journal
	echo text >out/t4.db
	mkdir out/t5.db
	cp data/t6.db out/t6.db
}

put_old
find out -type f -exec sha256sum {} + | sort >before
status 1 "seven are in the way" rp --json --output-dir out \
    --error-report report "$glob"
is "they have failed" "$(cut -f 1 report | sed 's,.*/,,' | sort | tr '\n' ' ')" \
    "t0.db t1.db t2.db t3.db t4.db t5.db t6.db "
is "as existing" "$(cut -f 3 report | sort -u)" exists
is "13 are restored" "$(figure restored)" 13
sha256sum -c before >check 2>&1
is "what was there is as it was" "$(grep -vc ': OK$' check)" 0
says "--force is named" 'error: .*t0.db.* exists.*--force'

put_old
ln -s none out/t7.db
ln -s t0.db out/t8.db
status 1 "--if-db-not-exists" rp --json --output-dir out --if-db-not-exists \
    --error-report report "$glob"
is "skips the databases" "$(figure skipped)" 4
is "what is none has failed" \
    "$(cut -f 1 report | sed 's,.*/,,' | sort | tr '\n' ' ')" \
    "t1.db t2.db t3.db t5.db t7.db "
says "a companion is named with --force" 'out/t1.db-wal exists.*--force'
says "so is what is no file" 'out/t5.db is not a regular file'
is "restores the others" "$(figure restored)" 11
sha256sum -c before >check 2>&1
is "what was there is as it was" "$(grep -vc ': OK$' check)" 0
rm -r out/t1.db-wal out/t2.db-shm out/t3.db-journal out/t5.db out/t7.db
status 0 "when nothing is in the way" rp --resume --json --output-dir out \
    --if-db-not-exists "$glob"
is "no journal is left" "$(find out -name '.lite*')" ""

put_old
status 1 "--force" rp --json --output-dir out --force --error-report report \
    "$glob"
is "replaces all but the directory" "$(cut -f 1 report | sed 's,.*/,,')" t5.db
is "the old one is replaced" "$(word out/t0.db)" stored0
is "beside a -wal" "$(word out/t1.db)" stored1
is "which has gone" "$(find out -name 't1.db-*')" ""
is "beside a journal" "$(word out/t3.db)" stored3
is "what was no database" "$(word out/t4.db)" stored4
is "is kept aside" "$(cat out/t4.db.replaced-*)" text
says "which is said" "t4.db: restored to .*t4.db.replaced-"
rm out/t4.db.replaced-* out/t*replaced* 2>/dev/null
is "nothing hidden is left" "$(find out -name '.*' ! -name .litefleet-restore)" ""

# Each shard has a journal of its own.  Which databases are whose depends on the
# scratch directory, whose name is in the keys.
rm -rf out
for i in 1 2; do
	rp --json --dry-run --shard $i/2 --output-dir out "$glob" |
	    jq -r '.target // empty' | head -n 3
done >theirs
xargs mkdir -p <theirs
free=$((20 - $(wc -l <theirs)))
n=0
for i in 1 2; do
	status 1 "shard $i of 2 has some in the way" rp --json --shard $i/2 \
	    --output-dir out "$glob"
	got=$(figure restored)
	n=$((n + ${got:-0}))
done
is "two shards restore the others" "$n" "$free"
is "each has its journal" "$(find out -name '.lite*' | sort | tr '\n' ' ')" \
    "out/.litefleet-restore-1-2 out/.litefleet-restore-2-2 "
rmdir out/*.db 2>/dev/null
n=0
for i in 1 2; do
	status 0 "shard $i goes on" rp --json --resume --shard $i/2 \
	    --output-dir out "$glob"
	got=$(figure restored)
	n=$((n + ${got:-0}))
done
is "with what was in the way" "$n" $((20 - free))
is "no journal is left" "$(find out -name '.lite*')" ""
is "all are there" "$(find out -name 't*.db' -type f | wc -l)" 20

# By original path the journal is in the state directory.
rm -rf out
cp -r data own
"$lf" backup -q --to own-store "$scratch/own/*.db" || exit 1
rm own/t[1-9]*.db
sql own/t0.db "UPDATE w SET w = 'newer'"
status 1 "by path, one is in the way" rp --json --state "$scratch/st" \
    --from own-store "$scratch/own/*.db"
is "the others are restored" "$(figure restored)" 19
is "the journal is with the state" "$(find st own ! -type d ! -name '*.db' |
    sed 's,-[0-9a-f]*$,,')" st/restore
status 2 "--resume is asked for" rp --state "$scratch/st" --from own-store \
    "$scratch/own/*.db"
rm own/t0.db
status 0 "--resume" rp --json --resume --state "$scratch/st" \
    --from own-store "$scratch/own/*.db"
is "does that one" "$(figure restored) $(figure there)" "1 19"
ok "all are the same" diff -r data own
is "no journal is left" "$(find st -type f)" ""

# One that is open elsewhere.
rm -rf out
cp -r data out
sql out/t7.db "UPDATE w SET w='newer'"
cat >hold.py <<-'PY'
	import sqlite3, sys, time
	c = sqlite3.connect(sys.argv[1])
	c.execute('BEGIN')
	c.execute('SELECT w FROM w').fetchall()
	open('held', 'w').close()
	sys.stdin.read()
PY
if command -v python3 >/dev/null; then
	mkfifo end
	start sh -c 'exec python3 hold.py out/t7.db <end'
	exec 9>end
	ok "one is held open" wait_for 10 test -e held
	status 1 "--force over one in use" rp --json --output-dir out \
	    --force --error-report report "$glob"
	is "it alone has failed" "$(cut -f 1 report | sed 's,.*/,,')" t7.db
	is "as busy" "$(cut -f 3 report)" busy
	is "and is as it was" "$(word out/t7.db)" newer
	exec 9>&-
	wait "$pid"
	status 0 "later it is replaced" rp --output-dir out --force \
	    --retry-report report "$glob"
	is "by what was stored" "$(word out/t7.db)" stored7
else
	skip "no python3" 7
fi
rm -rf out

# Mode and owner.
status 0 "without --preserve" rp --output-dir out "$glob"
is "a file is private" "$(stat -c %a out/t3.db)" 600
rm -rf out
if [ "$(id -u)" -eq 0 ] && can_be_nobody; then
	chown 65534:65534 data/t3.db
	"$lf" upload -q --to store "$scratch/data/t3.db" >/dev/null || exit 1
	status 0 "with it" rp --preserve --output-dir out "$glob"
	is "it has mode and owner" "$(stat -c %a:%u:%g out/t3.db)" \
	    640:65534:65534
	chown 0:0 data/t3.db
	rm -rf out
else
	skip "not root" 2
fi

# Disks.
if [ -d /dev/shm ] && [ -w /dev/shm ] &&
    [ "$(stat -c %d /dev/shm)" != "$(stat -c %d .)" ]; then
	shm=$(mktemp -d /dev/shm/litefleet-t.XXXXXX)
	status 0 "to another file system" rp --output-dir "$shm/out" "$glob"
	ok "all are the same" diff -r data "$shm/out"
	rm -rf "$shm"
else
	skip "no other file system" 2
fi
if unshare -rm true 2>/dev/null; then
	"$tools/mkfleet" "$scratch/many" 600 --wal-every 0 >/dev/null || exit 1
	"$lf" backup -q --to big "$scratch/many/data/**/*.db" || exit 1
	mkdir small
	cat >full.sh <<-'SH'
		mount -t tmpfs -o size=2m none small || exit 99
		"$1" restore-pattern --json --output-dir small/out \
		    --error-report report "$2" >full.out 2>full.err
		echo "status $?" >full.status
		find small/out -name '*.db' | wc -l >full.there
		find small/out -name '*.db' -size -8k | wc -l >full.short
		for f in $(find small/out -name '*.db'); do
			cmp -s "$f" "many/data/${f#small/out/}" || echo "$f"
		done >full.differ
		mount -o remount,size=64m small
		"$1" restore-pattern --json --resume --output-dir small/out \
		    "$2" >full.out2 2>full.err2
		echo "status $?" >full.status2
		diff -r many/data small/out >full.diff
	SH
	unshare -rm sh full.sh "$lf" "big$scratch/many/data/"
	n=$(cat full.there)
	is "a disk gets full: status" "$(cat full.status)" "status 1"
	ok "some are restored ($n)" test "$n" -gt 50
	ok "not all" test "$n" -lt 600
	is "those are whole" "$(cat full.differ)" ""
	is "the others have failed" "$(wc -l <report)" $((600 - n))
	is "for want of room" "$(cut -f 3 report | sort -u)" space
	is "on a larger disk: status" "$(cat full.status2)" "status 0"
	is "the rest is restored" "$(cat full.diff)" ""
	is "only the rest" "$(jq -r 'select(.type == "summary") | .restored' \
	    full.out2)" $((600 - n))
else
	skip "no mount namespaces here" 9
fi

# What a pattern that ends in "**" matches was a file where it has a directory.
mkdir was
sql was/d "CREATE TABLE w(w); INSERT INTO w VALUES('file')"
"$lf" backup -q --to turned "$scratch/was/*" || exit 1
rm was/d
mkdir was/d
sql was/d/long.db "CREATE TABLE w(w); INSERT INTO w VALUES('below')"
"$lf" backup -q --to turned "$scratch/was/**" || exit 1
rm -rf was/d
"$lf" list turned | cut -f 3 | sort -r >lines
is "two databases, one with the name of a directory" "$(wc -l <lines)" 2
status 1 "both by path" rp --json --from turned "$scratch/was/d/**"
is "one is restored" "$(figure restored) $(find was -type f)" "1 was/d/long.db"
is "with what it had" "$(word was/d/long.db)" below
says "the other is refused" 'was/d: refused: its path is .*"litefleet restore"'
status 1 "by line, in another order" sh -c 'exec "$@" <lines' sh "$lf" \
    restore-pattern --json --output-dir below --from turned \
    --pattern "$scratch/was/d/**" -
is "the same" "$(figure failed) $(find below -type f -name "[!.]*")" \
    "1 below/long.db"
rm -r was/d
status 0 "litefleet restore does it" "$lf" restore --original \
    "turned$scratch/was/d"
is "with what it had" "$(word was/d)" file

# Many are found, and it is said.
"$tools/mkfleet" "$scratch/fleet" 2100 --wal-every 0 >/dev/null || exit 1
"$lf" backup -q --to fleet-store "$scratch/fleet/data/**/*.db" || exit 1
status 0 "--progress, no terminal" rp --progress --output-dir out \
    "fleet-store$scratch/fleet/"
is "each thousand that is found is said" \
    "$(grep -c '^[12]000 databases found$' "$err")" 2
says "the summary has commas" '2,100 found, 2,100 restored'

done_testing
