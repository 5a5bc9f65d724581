#!/bin/sh
# The main job: a fleet is backed up, changes are found, idle costs nothing.
. "$(dirname "$0")/lib.sh"

use_store

nobjects()
{
	objects "$@" | wc -l
}

"$tools/mkfleet" "$scratch" 200 --wal-every 3 >/dev/null || exit 1
pattern="$scratch/data/*/databases/*/branches/*/tenants/*.db"
not_racy

status 0 "the first backup stores everything" \
    "$lf" backup --to "${base}store" "$pattern"
says "the summary counts" '^Scan complete: 200 databases, 200 synced \(took [0-9.]+m?s\), .* stored$'
is "an object for each" "$(nobjects store)" 200
if [ "$LITEFLEET_STORE" = dir ]; then
	is "objects are private" \
	    "$(find store -name '*.db.lz4' ! -perm 600 | wc -l)" 0
	is "directories are private" \
	    "$(find store -mindepth 1 -type d ! -perm 700 | wc -l)" 0
	is "nothing unfinished is left" \
	    "$(find store/.litefleet -path "*/tmp/*" -type f | wc -l)" 0
fi

status 0 "an idle cycle" "$lf" backup --to "${base}store" "$pattern"
says "uploads nothing" '^Scan complete: 200 databases, 0 synced \(took [0-9.]+m?s\)$'
is "no new object" "$(nobjects store)" 200

find "$STATE_DIRECTORY" -type f -printf '%p %T@ %s\n' | sort >before
# (The leak sanitizer of a DEV=1 build cannot work below strace.)
ASAN_OPTIONS=detect_leaks=0 strace -f -qq -e trace=pwrite64,write,openat,connect \
    -o trace \
    "$lf" backup -q --to "${base}store" "$pattern" || fail "strace"
find "$STATE_DIRECTORY" -type f -printf '%p %T@ %s\n' | sort >after
grep -v '/lock ' before >before.rest
grep -v '/lock ' after >after.rest
ok "an idle cycle writes no state" cmp before.rest after.rest
is "an idle cycle opens no database" "$(grep -c '\.db"' trace)" 0
is "an idle cycle opens nothing of the store" \
    "$(grep -cE '/store/|sa_family=AF_INET' trace)" 0

"$tools/mkfleet" --touch "$scratch" 2 >touched || exit 1
status 0 "a cycle after changes" \
    "$lf" backup --json --to "${base}store" "$pattern"
is "exactly the changed ones are stored" \
    "$(jq -r 'select(.type == "stored") | .path' "$out" | sort)" \
    "$(sort touched)"
is "and the summary says so" \
    "$(jq -r 'select(.type == "summary") | .synced' "$out")" 2

# Racy: just written, so read again, but not stored again.
status 0 "a racy record is read again" \
    "$lf" backup --json --to "${base}store" "$pattern"
is "its content is as stored" \
    "$(jq -r 'select(.type == "summary") | [.synced, .reread] | @csv' "$out")" \
    0,2
not_racy
status 0 "once more" "$lf" backup --json --to "${base}store" "$pattern"
status 0 "later it is not read" \
    "$lf" backup --json --to "${base}store" "$pattern"
is "any more" \
    "$(jq -r 'select(.type == "summary") | .reread' "$out")" 0

# touch(1) changes times and no content.
first=$(head -n 1 touched)
touch "$first"
status 0 "a touched file" "$lf" backup --json --to "${base}store" "$pattern"
is "is read and not stored" \
    "$(jq -r 'select(.type == "summary") | [.synced, .reread] | @csv' "$out")" \
    0,1

status 0 "-q says nothing" "$lf" backup -q --to "${base}store" "$pattern"
is "on stderr" "$(cat "$err")" ""
is "nor on stdout" "$(cat "$out")" ""
status 0 "-v names what it does" "$lf" backup -v --to "${base}store" "$pattern"
status 0 "json logs" \
    "$lf" backup --log-format json --to "${base}store" "$pattern"
is "are objects" "$(jq -r .level "$err" | sort -u)" info

# --jobs: another number of workers moves nothing.
for n in 1 5 64; do
	status 0 "--jobs $n" "$lf" backup --json --jobs "$n" --to "${base}store" \
	    "$pattern"
	is "--jobs $n finds its records" "$(jq -r \
	    'select(.type == "summary") | [.databases, .synced] | @csv' \
	    "$out")" 200,0
done

# Shards divide the fleet.
sum=0
for i in 1 2 3; do
	n=$("$lf" backup --json --state s$i --shard $i/3 --to "${base}store" \
	    "$pattern" 2>/dev/null |
	    jq -r 'select(.type == "summary") | .synced')
	sum=$((sum + n))
	[ "$n" -gt 30 ] || fail "shard $i has only $n"
done
is "three shards are the fleet" "$sum" 200

# What a restored database holds.
db=$(find "$scratch/data" -name '*.db' | sort | sed -n 7p)
status 0 "restore" "$lf" restore -o one.db "${base}store$db"
is "the same content" "$(sqlite3 one.db .dump)" "$(sqlite3 "$db" .dump)"
is "lz4 alone brings it back" "$(object store \
    "$(objects store "${db#/}" | tail -n 1)" | lz4 -dc | sha256sum)" \
    "$(sha256sum <one.db)"

# Templates with variables.
status 0 "a template" "$lf" backup --to "${base}store2" \
    --key '{{project}}/{{database}}/{{branch}}/{{tenant}}' "$pattern"
is "names the keys" "$("$lf" list "${base}store2" | wc -l)" 200
n=$(objects store2 | head -n 1 | tr -cd / | wc -c)
is "of four components" "$n" 4
not_racy
"$lf" backup -q --to "${base}store2" \
    --key '{{project}}/{{database}}/{{branch}}/{{tenant}}' "$pattern"
status 0 "another template that gives the same keys" "$lf" backup --json \
    --to "${base}store2" --key '{{1}}/{{2}}/{{3}}/{{4}}' "$pattern"
is "stores nothing again" \
    "$(jq -r 'select(.type == "summary") | .synced' "$out")" 0
status 0 "a template that gives others" \
    "$lf" backup --json --to "${base}store2" \
    --key 'x/{{1}}/{{2}}/{{3}}/{{4}}' "$pattern"
is "stores all" "$(jq -r 'select(.type == "summary") | .synced' "$out")" 200

# Environment.
status 0 "LITEFLEET_TO" env LITEFLEET_TO="${base}store" "$lf" backup "$pattern"
same=file://$scratch/store
[ "$LITEFLEET_STORE" = dir ] ||
	same="${base}store/?path-style=1&storage-class=STANDARD"
status 0 "another URL of the same store" "$lf" backup --json --to "$same" \
    "$pattern"
is "with the same state" \
    "$(jq -r 'select(.type == "summary") | .synced' "$out")" 0

# A pattern that matches nothing.
status 0 "nothing matches" \
    "$lf" backup --to "${base}store" "$scratch/data/*.none"
says "a warning" 'warning: the pattern .*none matches nothing'
status 0 "one of two" "$lf" backup --to "${base}store" "$pattern" \
    "$scratch/data/*.none"
says "is named" 'warning: the pattern .*none matches nothing'

# A pattern without wildcards names a file that is there, or it is refused.
ln -s "$(find "$scratch/data" -name '*.db' | head -1)" link.db
mkfifo fifo.db
status 2 "a link by its name" "$lf" backup --to "${base}store3" \
    "$scratch/link.db"
says "is named, with what to do" 'link.db: is a symbolic link \(--follow'
status 0 "with --follow it is backed up" "$lf" backup --json --follow \
    --to "${base}store3" "$scratch/link.db"
is "as one" "$(jq -r 'select(.type == "summary") | .synced' "$out")" 1
status 2 "what is no file" "$lf" backup --to "${base}store3" \
    "$scratch/fifo.db"
says "is named" 'fifo.db: is no regular file'
done_testing
