#!/bin/sh
# One bad database is data: named once with its reason, and the rest is done.
. "$(dirname "$0")/lib.sh"

# The key under which $1 is listed in the store, or nothing.
stored()
{
	"$lf" list "store$scratch/data" 2>/dev/null | cut -f3 | grep -Fc -- "$1"
}

figure()
{
	jq -r "select(.type == \"summary\") | .$1" "$out"
}

mkdir data
for i in 1 2 3; do
	sqlite3 "data/good$i.db" 'create table t(x); insert into t values(1)'
done
mkdir data/sub
sqlite3 data/sub/good4.db 'create table t(x)'
p="$scratch/data/**/*.db"

: >data/empty.db
echo 'no database at all' >data/text.db
status 0 "not a database" "$lf" backup --json --to store "$p"
says "is named" "warning: $scratch/data/text.db: not a SQLite database, skipped"
is "and counted" "$(figure skipped)" 1
is "an empty one is stored" "$(stored /empty.db)" 1
is "with the others" "$(figure synced)" 5
not_racy
"$lf" backup -q --to store "$p" 2>/dev/null
status 0 "named in every run" "$lf" backup --to store "$p"
says "again" "$scratch/data/text.db: not a SQLite database"
status 1 "--strict: failed" "$lf" backup --strict --to store "$p"
says "as an error" "error: $scratch/data/text.db: not a SQLite database"
rm data/text.db

# $1 is what was done to data/bad.db, $2 the words it is named with.
bad()
{
	sqlite3 data/new.db 'create table if not exists t(x);
	    insert into t values(random())'
	status 1 "$1" "$lf" backup --json --busy-timeout 100ms --to store "$p"
	says "$1: named" "error: .*$scratch/data/bad.db.*$2"
	is "$1: named once" "$(grep -c 'data/bad.db' "$err")" 1
	is "$1: counted" "$(figure failed)" 1
	is "$1: not stored" "$(stored /bad.db)" "${3:-0}"
	is "$1: the others are done" "$(stored /new.db)" 1
	rm -f data/bad.db
}

sqlite3 head.db 'create table t(x)'
{ head -c 16 head.db; head -c 9000 /dev/zero | tr '\0' x; } >data/bad.db
bad "a header and then garbage" ''
sqlite3 big.db "create table t(x); insert into t values(zeroblob(100000))"
head -c 20000 big.db >data/bad.db
bad "a truncated file" ''
head -c 100 big.db >data/bad.db
bad "a header alone" ''

cp big.db data/bad.db
"$lf" backup -q --to store "$p"
head -c 30000 /dev/urandom >data/bad.db
bad "a known database overwritten with garbage" 'no longer' 1

if can_be_nobody; then
	cp big.db data/bad.db
	chmod 600 data/bad.db
	mkdir nobody && chown 65534 nobody
	status 1 "unreadable" as_nobody "$lf" backup --state nobody/s \
	    --spool nobody --to nobody/store "$p"
	says "unreadable: named" "error: .*data/bad.db.*Permission denied"
	rm data/bad.db
	chmod 700 data/sub
	status 1 "an unreadable directory" as_nobody "$lf" backup \
	    --state nobody/s --spool nobody --to nobody/store "$p"
	says "the directory is named" "error: .*$scratch/data/sub.*Permission denied"
	says "and counted" '1 directory not read'
	chmod 755 data/sub
else
	skip "only root can become another user" 5
fi

# Locked.
cat >lock.sql <<-'SQL'
	begin exclusive;
	.shell echo locked >lock.ready
	.shell while [ ! -e lock.release ] && kill -0 $PPID; do sleep 0.05; done
	rollback;
SQL
sqlite3 data/bad.db 'create table t(x)'
start sh -c "sqlite3 data/bad.db <lock.sql"
wait_for 10 test -e lock.ready
status 1 "an exclusive lock is held" "$lf" backup --json --busy-timeout 200ms \
    --to store "$p"
says "it is named" "error: .*data/bad.db.*(lock|busy)"
touch lock.release
ended "$pid"
status 0 "tried again in the next run" "$lf" backup --to store "$p"
is "and stored" "$(stored /bad.db)" 1
rm data/bad.db

# A directory entry that is no file.
mkfifo data/fifo.db
mkdir data/dir.db
ln -s good1.db data/link.db
status 0 "FIFO, directory, link named like databases" "$lf" backup --json \
    --to store "$p"
is "are nothing to speak of" "$(figure skipped),$(figure failed)" 0,0
is "the link is not followed" "$(stored /link.db)" 0
status 0 "unless --follow" "$lf" backup --follow --to store "$p"
is "then it is a database" "$(stored /link.db)" 1
rm data/link.db data/fifo.db

# Names.
tab=$(printf 'a\tb.db')
nl=$(printf 'c\nd.db')
bad8=$(printf 'e\377f.db')
long=$(printf '%0252d' 0).db
for n in "$tab" "$nl" "$bad8" '50%.db' "$long" "sp ace'quote\".db" '-dash.db'; do
	cp big.db "data/$n"
done
cp big.db data/main-journal
status 0 "odd names" "$lf" backup --json --to store "$p"
is "all of them" "$(figure synced)" 7
for n in 'a%09b.db' 'c%0Ad.db' 'e%FFf.db' '50%25.db' "$long" \
    "sp ace'quote\".db" '-dash.db'; do
	is "key $n" "$(stored "/$n")" 1
	status 0 "restore $n" "$lf" restore -o back.db "store$scratch/data/$n"
	ok "content of $n" cmp back.db big.db
	rm -f back.db
done
status 0 "X-journal is the name of a database" "$lf" backup --json --to store \
    "$scratch/data/*-journal"
is "and is stored" "$(figure synced)" 1
cp big.db data/main
status 0 "but not where X is there" "$lf" backup --to store \
    "$scratch/data/main*"
says "X alone" '1 databases, 1 synced'

# 255 bytes and a '%' are too much for one component of a path.
toolong=$(printf '%0251d' 0)%.db
cp big.db "data/$toolong"
status 1 "a key that is too long" "$lf" backup --to store "$p"
says "is named with its limit" "$toolong.*255"
rm "data/$toolong"

# Between the walk and the reading: one vanishes, one is replaced.
mkdir between
for i in gone moved stay; do
	sqlite3 between/$i.db "create table t(x); insert into t values('$i')"
done
sqlite3 between.new "create table t(x); insert into t values('new')"
# $1: the database at which the worker stops; $2...: what happens then.
meanwhile()
{
	rm -rf bstate bstore
	LITEFLEET_HOOK="image=stop:$1.db" start "$lfh" backup --json --jobs 1 \
	    --state bstate --to bstore "$scratch/between/*.db"
	wait_for 10 sh -c "grep -l '^State:.T' \$(pgrep -P $pid |
	    sed 's,.*,/proc/&/status,')"
	shift
	"$@"
	pkill -CONT -P "$pid"
	ended "$pid"
	rc=$?
	cp "$pout" "$out"
}
meanwhile gone rm between/gone.db
is "vanished before it is read: status" "$rc" 0
is "it is gone, not failed" "$(figure gone),$(figure failed)" 1,0
is "the others are stored" "$(figure synced)" 2
meanwhile moved mv between.new between/moved.db
is "replaced before it is read: status" "$rc" 0
"$lf" restore -o between.back "bstore$scratch/between/moved.db" 2>/dev/null
is "one of the two is stored, whole" \
    "$(sqlite3 between.back 'select x from t; pragma integrity_check')" "new
ok"
meanwhile stay sh -c 'rm between/stay.db && ln -s ../big.db between/stay.db'
is "replaced by a link: status" "$rc" 1
is "what the link shows is not stored" \
    "$(find "bstore$scratch/between/stay.db" -name '*.lz4' 2>/dev/null)" ""

# Two patterns, one file.
status 0 "two patterns that match one file" "$lf" backup --json --new-store \
    --to store3 "$scratch/data/good1.db" "$scratch/data/good*.db"
is "it is done once" "$(figure databases),$(figure synced)" 3,3

cp big.db 'data/a*b.db'
status 0 "an escaped wildcard is a path" "$lf" backup --json --state esc \
    --to store5 "$scratch/data/a\\*b.db"
is "and one database" "$(figure synced)" 1
status 0 "a path that a pattern before it has taken" "$lf" backup \
    --state esc --to store5 "$scratch/data/good*.db" "$scratch/data/good1.db"
says_not "is no empty pattern" 'matches nothing'
rm 'data/a*b.db'

status 0 "exclude a name and a path" "$lf" backup --json --to store4 \
    --exclude 'good[12].db' --exclude "$scratch/data/sub" \
    --exclude '-dash*' "$p"
is "they are left out" "$("$lf" list store4 2>/dev/null |
    grep -cE 'good[124]|-dash')" 0
is "others are not" "$("$lf" list store4 2>/dev/null | grep -c good3)" 1

# A database that is empty now and was not.
not_racy
: >data/good1.db
status 0 "emptied" "$lf" backup --to store "$p"
says "a warning" "warning: $scratch/data/good1.db: is empty now"

# Damage inside pages: stored as it is, seen by --check.
sqlite3 data/torn.db 'create table t(x); create index i on t(x);
    insert into t select value from generate_series(1,1000)' 2>/dev/null ||
    sqlite3 data/torn.db "create table t(x); create index i on t(x);
	with recursive n(v) as (select 1 union all select v+1 from n limit 1000)
	insert into t select v from n"
printf 'XXXXXXXXXXXXXXXX' |
    dd of=data/torn.db bs=1 seek=4096 conv=notrunc 2>/dev/null
status 0 "damage is stored" "$lf" backup --to store "$p"
is "as it is" "$(stored /torn.db)" 1
touch data/torn.db
status 1 "--check full looks" "$lf" backup --check full --to store "$p"
says "and names it" "error: .*data/torn.db: damaged"
not_racy
"$lf" backup -q --check full --to store "$p" 2>/dev/null
status 1 "unchanged, but not forgotten" "$lf" backup --to store "$p"
says "named again" "data/torn.db: damaged when it was last checked"
touch data/torn.db
status 1 "touched, and not looked for" "$lf" backup --to store "$p"
says "still not forgotten" "data/torn.db: damaged when it was last checked"

# One that is damaged, and cannot be stored either, is one that fails.
cp data/torn.db data/torn2.db
mkdir -p "store$scratch/data" && : >"store$scratch/data/torn2.db"
status 1 "damaged, and not stored" "$lf" backup --json --check full \
    --to store "$p"
says "both are said: the damage" "error: .*data/torn2.db: damaged"
says "and what is in the way" "error: .*data/torn2.db/.*: in the way"
is "torn.db and it are two" "$(figure failed)" 2
rm "store$scratch/data/torn2.db"
status 1 "later it is stored" "$lf" backup --json --check full --to store "$p"
is "and counted still" "$(figure failed)" 2
rm data/torn2.db

# What the spool lacks is not taken for a database that vanished.
ln -s nowhere spool
cp big.db data/fresh.db
sqlite3 data/large.db "create table t(x);
    insert into t values(zeroblob(9000000))"
status 1 "a spool that is not there" "$lf" backup --json --spool spool \
    --to store "$p"
says "fails the database that needs it" "error: .*data/large.db"
is "nothing is gone" "$(figure gone)" 0
is "what needs none is stored" "$(stored /fresh.db)" 1
status 1 "with a spool" "$lf" backup --to store "$p"
is "it is stored too" "$(stored /large.db)" 1
status 0 "a large one comes back" "$lf" restore -o large.back \
    "store$scratch/data/large.db"
ok "with every byte" cmp large.back data/large.db
done_testing
