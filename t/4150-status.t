#!/bin/sh
# status: what the state knows, against what is there.
. "$(dirname "$0")/lib.sh"

"$tools/mkfleet" "$scratch" 20 >/dev/null || exit 1
p="$scratch/data/*/databases/*/branches/*/tenants/*.db"
dir=$scratch/data/p0/databases/d0/branches/b0/tenants

# row NAME N WHAT
row()
{
	prints "$1" "^ *$2  $3"
}

status 2 "without a store" "$lf" status
status 3 "before the first run" "$lf" status --to store
says "there is nothing" 'nothing was backed up to .*store'
not_ok "and none is made" test -d state

not_racy
status 0 "a first run" "$lf" backup --to store "$p"
status 0 "all is well" "$lf" status --to store
row "all are known" 20 'databases known'
row "and saved" 20 'saved as they are'
prints_not "nothing is unsaved" 'oldest unsaved'
status 0 "of the environment's store" env LITEFLEET_TO=store "$lf" status \
    --json
is "as JSON" "$(jq -r '[.type, .databases, .saved, .stale, .never_saved,
    .failing, .not_databases, .gone, .bytes] | @csv' "$out")" \
    "\"status\",20,20,0,0,0,0,0,$((20 * 8192))"

# One of each kind.  (The first is not in WAL mode, the second is.)
first=$dir/t000000.db
second=$dir/t000001.db
sql "$first" 'UPDATE t SET n = n + 1'
touch -d '2026-01-01T00:00:00Z' "$first"
sql "$second" 'UPDATE t SET n = n + 1'
rm "$dir/t000002.db"
echo text >"$dir/text.db"
printf 'no more' | dd of="$dir/t000003.db" conv=notrunc 2>/dev/null
not_racy
status 1 "a run with a failure" "$lf" backup --strict --to store \
    "$dir/t000003.db" "$dir/te*.db"
status 1 "something fails" "$lf" status --to store
row "one has changed, and one with a WAL" 2 'changed since'
row "one is gone" 1 'gone'
row "one fails" 1 'failing'
row "one is none" 1 'no SQLite databases'
prints "the oldest change is named" "since the oldest unsaved change: $first"
status 1 "--failures" "$lf" status --to store --failures
prints "names it, since when, and its last backup" \
    "	1	20[^	]*Z	20[^	]*Z	$dir/t000003.db\$"
prints_not "and not the others" t000004
status 1 "--failures --json" "$lf" status --to store --failures --json
is "says the same" "$(jq -r 'select(.path | endswith("t000003.db")) |
    [.type, .tries] | @csv' "$out")" '"failure",1'

# Since when is that of the first failure, and no longer than it fails.
since()
{
	"$lf" status --to store --failures --json |
	    jq -r 'select(.path | endswith("t000003.db")) | .since'
}
is_later()
{
	[ "$(date +%s)" -gt "$began" ]
}
first_since=$(since)
began=$(date +%s)
ok "since when is a time" date -d "$first_since"
ok "and not a later one than now" \
    [ "$(date -d "$first_since" +%s)" -le "$began" ]
wait_for 5 is_later
status 1 "it fails again" "$lf" backup --to store "$dir/t000003.db"
is "since then" "$(since)" "$first_since"
cp "$dir/t000003.db" bad
cp "$dir/t000004.db" "$dir/t000003.db"
status 0 "it is mended" "$lf" backup --to store "$dir/t000003.db"
is "and fails no more" "$(since)" ""
cp bad "$dir/t000003.db"
status 1 "and breaks again" "$lf" backup --to store "$dir/t000003.db"
ok "which is another time" [ "$(since)" \> "$first_since" ]
status 0 "a pattern" "$lf" status --to store "$dir/t00001*.db"
row "is what counts" 10 'databases known'
status 1 "that knows none" "$lf" status --to store '/nowhere/*.db'
says "says so" 'warning: no database matches'
status 2 "a wrong one" "$lf" status --to store 'relative/{a.db'

# With patterns, what is there that no run has seen counts as never saved.
mkdir "$scratch/data/odd"
for f in new.db other.db new.db-wal new.db-shm alone.db-wal; do
	cp "$dir/t000004.db" "$scratch/data/odd/$f"
done
touch -d '2026-01-02T00:00:00Z' "$scratch/data/odd/other.db"
status 1 "without a pattern" "$lf" status --to store --json
is "the state alone speaks" "$(jq .never_saved "$out")" 0
known=$(jq .databases "$out")
bytes=$(jq .bytes "$out")
status 0 "a pattern that unknown ones match" "$lf" status --to store \
    "$scratch/data/odd/*"
row "finds them, but not what is beside one" 3 'never saved'
row "counts them" 3 'databases known or found'
prints "and says what is unsaved" 'since the oldest unsaved change: .*other\.db'
status 1 "as JSON" "$lf" status --to store --json "$p" "$scratch/data/*/*.db"
is "beside what is known" "$(jq -r '[.databases, .never_saved, .bytes] |
    @csv' "$out")" "$((known + 2)),2,$((bytes + 2 * 8192))"
status 0 "without some" "$lf" status --to store --json --exclude 'new*' \
    "$scratch/data/odd/*.db"
is "they are not missed" "$(jq .never_saved "$out")" 1
never=0
for n in 1/2 2/2; do
	"$lf" status --to store --json --shard $n "$scratch/data/odd/*" >shard 2>/dev/null
	never=$((never + $(jq .never_saved shard)))
done
is "each is in one shard" "$never" 3
status 1 "--failures" "$lf" status --to store --failures \
    "$scratch/data/odd/*" "$dir/*.db"
is "names what fails alone" "$(wc -l <"$out")" 1
status 1 "and knows nothing of them" "$lf" status --to store --failures \
    "$scratch/data/odd/*"
says "which it says" 'warning: no database that is known matches'
status 2 "a wrong exclude" "$lf" status --to store --exclude 'a[' "$p"
if can_be_nobody; then
	chmod 700 "$scratch/data/odd"
	chmod -R go+rX "$scratch/state"
	status 1 "a directory that cannot be read" as_nobody "$lf" status \
	    --to store "$scratch/data/*/*.db"
	says "is named" 'error: .*data/odd: Permission denied'
else
	skip "only root can be another user" 2
fi
rm -r "$scratch/data/odd"

# What is not saved, and since when.
# unsaved: the oldest change, and whose
unsaved()
{
	"$lf" status --to store2 --json | jq -r \
	    '[.oldest_unsaved // "none", .oldest_unsaved_path // ""] | join(" ")'
}
mkdir few
q="$scratch/few/*.db"
sql few/torn.db "create table t(x); create index i on t(x);
    with recursive n(v) as (select 1 union all select v+1 from n limit 1000)
    insert into t select v from n"
printf 'XXXXXXXXXXXXXXXX' |
    dd of=few/torn.db bs=1 seek=4096 conv=notrunc 2>/dev/null
touch -d '2026-01-01T00:00:00Z' few/torn.db
not_racy
status 1 "damage is stored" "$lf" backup --to store2 --check full "$q"
status 1 "and named" "$lf" status --to store2 --failures
prints "as what it is" '^damaged	.*torn\.db'
is "but nothing of it is unsaved" "$(unsaved)" "none "
touch -d '2026-01-02T00:00:00Z' few/torn.db
is "until it changes" "$(unsaved)" "2026-01-02T00:00:00.000Z $scratch/few/torn.db"
rm few/torn.db

# One that fails, and changes again and again.
cp "$dir/t000004.db" few/busy.db
touch -d '2026-01-03T00:00:00Z' few/busy.db
mkdir -p "store2$scratch/few"
: >"store2$scratch/few/busy.db"
status 1 "it fails" "$lf" backup --to store2 "$q"
is "since its change" "$(unsaved)" \
    "2026-01-03T00:00:00.000Z $scratch/few/busy.db"
fails_since=$("$lf" status --to store2 --failures --json | jq -r .since)
touch -d '2037-01-04T00:00:00Z' few/busy.db
is "a later one makes that no younger than the failure" \
    "$(date -d "$(unsaved | cut -d ' ' -f 1)" +%s)" \
    "$(date -d "$fails_since" +%s)"
rm few/busy.db

# One that was no database, and has become one, which fails.
echo text >few/late.db
status 0 "no database" "$lf" backup --to store2 "$q"
cp "$dir/t000004.db" few/late.db
: >"store2$scratch/few/late.db"
status 1 "it is one now, and fails" "$lf" backup --to store2 "$q"
status 1 "which counts" "$lf" status --to store2 --json
is "as that, and no more as none" "$(jq -r '[.failing, .not_databases] | @csv' \
    "$out")" 1,0
status 1 "it is named" "$lf" status --to store2 --failures
prints "with its reason" '^[a-z]+	1	20.*late\.db'

# Beside a run that holds the lock, and as another user would see it.
LITEFLEET_HOOK="walked=stop" start "$lfh" backup --to store "$p"
stopped()
{
	grep -q '^State:.T' "/proc/$pid/status"
}
wait_for 10 stopped
status 1 "beside a run" "$lf" status --to store
kill -CONT "$pid"
ended "$pid"
status 1 "after it" "$lf" status --to store --json
is "what has changed is saved" "$(jq -r '[.stale, .never_saved] | @csv' \
    "$out")" 0,0
done_testing
