#!/bin/sh
# Databases in each state that their applications, killed or alive, may leave
# them in (t/tool/oddity.c): what is restored is what SQLite itself then makes
# of the source; and the source stayed as it was.
. "$(dirname "$0")/lib.sh"

mkdir data others
start "$tools/oddity" "$scratch/data" "$scratch/others"
ready()
{
	grep -q '^ready$' "$pout" || ! kill -0 "$pid"
}
ok "the databases are there" wait_for 60 ready
grep ' ' "$pout" >states
grep -v ' busy$' states >well
n=$(grep -c . well)
ok "there are many ($n)" test "$n" -ge 70

# Those are hot, those have a log with commits, and so on: the names say it.
empty=$(for f in data/hot-*.db-journal data/super-*.db-journal \
    data/*dead*-4096.db-wal data/live-*.db-wal data/spilled*.db-wal; do
	[ -s "$f" ] || echo "$f"
done)
is "journals and logs are there" "$empty" ''
ok "the log is larger than the database" test \
    "$(stat -c %s data/dead-4096.db-wal)" -gt \
    "$(stat -c %s data/dead-4096.db)"
is "a super-journal is there" "$(find data -name 'super-there.db-mj*' |
    wc -l)" 1
is "one is gone" "$(find data -name 'super-gone.db-mj*' | wc -l)" 0

# Bytes, times, names of all there is.
snap()
{
	find data others | sort
	find data others -type f -exec sha256sum {} + | sort
	find data others -exec stat -c '%n %i %h %s %y %z %a %u %g' {} + |
	    sort
}

# The sandbox would hide it if something of others were touched.
snap >before
status 1 "a backup of all" "$lf" backup --no-sandbox --to store \
    --busy-timeout 100ms "$scratch/data/*.db"
cp "$err" said
snap >after
ok "nothing was touched, and nothing of others" diff before after
is "those in EXCLUSIVE mode are named, and nothing else" \
    "$(grep -c 'error' said)" "$(grep -c ' busy$' states)"
while read -r name sum; do
	[ "$sum" = busy ] || continue
	ok "$name is locked, it says" grep -q "/$name.db: locked by" said
	is "$name is not stored" "$(find "store$scratch/data/$name.db" \
	    -type f 2>/dev/null)" ''
done <states
status 0 "all others come back" "$lf" restore-pattern -q --output-dir back \
    "store$scratch/data/"
snap >after
ok "which touched nothing either" diff before after

# What SQLite says of a database; of the source it does so in its place, and
# rolls back and recovers for good.
asked='SELECT integrity_check, page_size, page_count, auto_vacuum,
    (SELECT sum(v) FROM t) FROM pragma_integrity_check, pragma_page_size,
    pragma_page_count, pragma_auto_vacuum'
while read -r name sum; do
	src=data/$name.db
	dst=$(echo back/*"/data/$name.db")
	[ -e "$dst" ] || dst=back/$name.db
	bytes=$(stat -c %s "$dst")
	old_bytes=$(stat -c %s "$src")
	reserved=$(od -An -tu1 -j20 -N1 "$dst" | tr -d ' ')
	sql "$dst" "$asked" .dump >restored 2>&1
	sql "$src" "$asked" .dump >source 2>&1
	IFS='|' read -r sound page_size pages _ got <restored
	is "$name: sound, and in that state" "$sound $got" "ok $sum"
	# Rolling the first one back has removed what made the second one hot.
	[ "$name" = super-reused2 ] ||
		ok "$name: as SQLite has it" cmp restored source
	case $name in
	trailing | uncut)
		# As long as the file is, and what is there is SQLite's.
		is "$name: its length" "$bytes" "$old_bytes"
		ok "$name: which is more than its pages" test "$bytes" -gt \
		    $((pages * page_size))
		;;
	*)	is "$name: its length" "$bytes" $((pages * page_size)) ;;
	esac
	case $name in
	reserved*) is "$name: bytes reserved in each page" "$reserved" 32 ;;
	esac
done <well

# The traps were some: SQLite removes what it takes for a super-journal.
is "SQLite would have removed another's file" "$(find others -type f)" ''
is "and the one that took a name" \
    "$(find data -name 'super-reused.db-mj*' | wc -l)" 0

# Those who kept them locked are gone, and what they committed counts.
stop "$pid" KILL
gone()
{
	sql data/exclusive.db 'BEGIN IMMEDIATE' &&
	    sql data/exclusive-wal.db 'BEGIN IMMEDIATE' &&
	    sql data/exclusive-wal-late.db 'BEGIN IMMEDIATE'
}
wait_for 10 gone
status 0 "later they are stored" "$lf" backup -q --to store \
    "$scratch/data/exclusive*.db"
for name in exclusive exclusive-wal exclusive-wal-late; do
	"$lf" restore -q -o "$name.back" "store$scratch/data/$name.db"
	is "$name: what was committed" "$(sql "$name.back" "$asked" |
	    tr '|' ' ' | awk '{ print $1, $5 }')" "ok 1000"
done
done_testing
