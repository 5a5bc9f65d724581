#!/bin/sh
# Many databases come back with one command: by key, by original path, by
# line; those of a time, those of a shard; to where they belong.
. "$(dirname "$0")/lib.sh"
use_store

rp()
{
	"$lf" restore-pattern "$@"
}
store=${base}store
tab=$(printf '\t')

# What is said of it: a figure of the summary of --json.
figure()
{
	jq -r "select(.type == \"summary\") | .$1" "$out"
}

"$tools/mkfleet" "$scratch" 250 --wal-every 0 >/dev/null || exit 1
sql "$scratch/data/p0/wal.db" "PRAGMA journal_mode=WAL; CREATE TABLE w(w);
    INSERT INTO w VALUES('wal')" >/dev/null
head -c 0 /dev/null >"$scratch/data/p0/empty.db"
odd="$scratch/data/p0/$(printf 'a\tb\\c%%d\n.db')"
cp "$scratch/data/p0/wal.db" "$odd"
"$lf" backup -q --to "$store" "$scratch/data/**/*.db" || exit 1
rm "$odd" "$scratch/data/p0/wal.db"*
sum=253
key=${scratch#/}/data

# By key.
status 0 "all by key" rp --json --output-dir out "$store/$key/**/*.db"
says "the summary says it" \
    '^Restore complete: 253 found, 253 restored, .* [kM]?B \(took '
is "253 are restored" "$(figure restored)" $sum
is "none failed" "$(figure failed)" 0
is "it is complete" "$(figure complete)" true
is "a line of JSON for each" \
    "$(jq -r 'select(.type == "restored") | .key' "$out" | sort -u | wc -l)" \
    $sum
is "a WAL database is restored" "$(sql out/p0/wal.db "SELECT w FROM w")" wal
is "one with a strange name, too, by its key" "$(find out/p0 -name 'a%09*' | wc -l)" 1
rm -f out/p0/wal.db* out/p0/a%*
ok "all are the same" diff -r data out
is "and private" "$(find out -type f ! -perm 600)" ""
is "so are directories" "$(find out -type d ! -perm 700)" ""
is "nothing is left beside them" "$(find out -name '.*')" ""
rm -rf out
mkdir here
(cd here && rp "${base:-$scratch/}store/$key/p0/databases/d0/branches/b0/" \
    >"$out" 2>"$err")
is "all below a slash, here" "$?" 0
ok "is there" diff -r data/p0/databases/d0/branches/b0 here
rm -rf here out
status 0 "one by its key" rp --output-dir out "$store/$key/p0/empty.db"
is "is there, by its name" "$(find out -type f)" out/empty.db
status 0 "a whole store" rp --output-dir whole "$store"
is "has keys for targets" "$(find "whole/$key" -name 't000*.db' | wc -l)" 250
rm -rf out whole

# What a dry run says; and it can be fed back.
status 0 "a dry run" rp -n --output-dir out "$store/$key/**/*.db"
is "has a line for each" "$(wc -l <"$out")" $sum
ok "touches nothing" test ! -e out
prints "key, time, bytes, target" \
    "^$key/p0/empty\.db${tab}[0-9-]{10}T[0-9:.]{12}Z${tab}[0-9]+${tab}out/p0/empty\.db$"
prints "escaped" '/a%09b\\\\c%25d%0A\.db	'
grep 't0000[0-4]' "$out" >lines
status 0 "filtered, by line" rp --json --from "$store" - <lines
is "50 are restored" "$(figure restored)" 50
is "to the targets that were said" \
    "$(find out -type f | sort)" "$(cut -f 4 lines | sort)"
rm -rf out
cut -f 1 lines | rp --output-dir out --from "$store" - 2>"$err"
is "keys alone" "$?" 0
ok "go to their keys" cmp "out/$(sed -n 1p lines | cut -f 1)" \
    "/$(sed -n 1p lines | cut -f 1)"
rm -rf out
rp -0 -n --output-dir out "$store/$key/p0/a*" | tee items |
    rp -0 --output-dir out --from "$store" - 2>"$err"
is "-0 is not escaped, and is read again" "$?" 0
is "one item" "$(tr -cd '\0' <items | wc -c)" 1
is "one file" "$(find out -type f | wc -l)" 1
rm -rf out
rp -0 -n --output-dir out --from "$store" "$scratch/data/p0/[ae]*" |
    rp -0 --output-dir out --from "$store" - 2>"$err"
is "nor is a target with a tab" "$?" 0
ok "that is the name" test -e "out/${odd##*/}"
ok "and the others" test -e out/empty.db
status 0 "a dry run in JSON" rp --json -n --output-dir out \
    "$store/$key/p0/empty.db"
is "has the same" "$(jq -r '.type, .key, .target' "$out" | tr '\n' ' ')" \
    "found $key/p0/empty.db out/empty.db "
rm -rf out
rp -n --output-dir out "$store/$key/p0/empty.db" >line
sed "s,out/empty.db,$scratch/elsewhere.db," line >bad
status 1 "a target that is not below the directory" rp --output-dir out \
    --from "$store" - <bad
says "is refused" "refused: its target .*/elsewhere.db is not below .*/out"
not_ok "and not made" test -e elsewhere.db

# Lines may be at odds with each other.
rp -n --output-dir out "$store/$key/**/t00000[12].db" >lines
sed "s,out/.*,out/same.db," lines >bad
status 1 "two databases for one target" rp --json --force --output-dir out \
    --from "$store" - <bad
is "one is restored" "$(figure restored) $(find out -type f -name '*.db')" \
    "1 out/same.db"
is "the other is refused" "$(jq -r 'select(.type == "failed") | .key, .class' \
    "$out" | tr '\n' ' ')" "$(sed -n 2p lines | cut -f 1) usage "
says "and it is said" 'refused: another line has the same target'
rm -rf out
sed "s,out/.*,out/other.db," lines | cat - lines >bad
status 1 "one backup for two targets" rp --json --output-dir out \
    --from "$store" - <bad
is "each line has its outcome" "$(figure found) $(figure restored) \
$(figure failed)" "4 2 2"
says "and it is said" 'another line restores the same backup'
rm -rf out
{ cat lines; cut -f 1 lines; sed 's,\(.*\)out/,\1./out/.//,' lines; } >bad
status 1 "what is named in other words" rp --json --output-dir out \
    --from "$store" - <bad
is "is taken once" "$(figure restored) $(find out -type f -name 't*.db' |
    wc -l)" "2 2"
rm -rf out

# By original path.
mv data was
status 0 "all by path" rp --from "$store" "$scratch/data/**/t*.db"
ok "are where they were" diff -r -x 'empty.db' was data
says "it is said" '250 found, 250 restored'
ok "no journal is left" test -z "$(find state -name 'restore-*')"
status 1 "they are not restored again" rp --json --from "$store" \
    "$scratch/data/**/t*.db"
is "for they are there" "$(figure failed)" 250
says "each is named" 'error: .*/t000000.db: .* exists'
ok "a journal with nothing in it is not kept" \
    test -z "$(find state -name 'restore-*')"
status 0 "below a directory" rp --output-dir out --from "$store" \
    "$scratch/data/p0/**/t*.db"
ok "they lie relative to the pattern" diff -r -x empty.db was/p0 out
rm -rf data out
rp -n --from "$store" "$scratch/data/**/*.db" | grep 't00000' |
    rp --from "$store" --pattern "$scratch/data/**/*.db" - 2>"$err"
is "by path, by line" "$?" 0
is "are where they were" "$(find data -type f | wc -l)" 10
rm -rf data

# With a template, and another host's.
mv was data
"$lf" backup -q --to "${base}named" --host web1 --key '{{host}}/{{2}}/{{1}}' \
    "$scratch/data/**/*.db" || exit 1
mv data was
status 1 "keys of another host do not match" rp --from "${base}named" \
    --key '{{host}}/{{2}}/{{1}}' "$scratch/data/**/*.db"
says "which is said" "nothing in the store .* matches .*/data/\*\*/\*.db"
status 0 "with --host they do" rp --from "${base}named" --host web1 \
    --key '{{host}}/{{2}}/{{1}}' "$scratch/data/**/*.db"
ok "all are the same" diff -r was data
rm -rf data
status 0 "--pattern explains, the operand chooses" rp --from "${base}named" \
    --host web1 --key '{{host}}/{{2}}/{{1}}' \
    --pattern "$scratch/data/**/*.db" "$scratch/data/p0/empty.db"
is "one" "$(find data -type f)" data/p0/empty.db
rm -rf data

# As they were at a time.
mv was data
first=$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)
sql data/p0/databases/d0/branches/b0/tenants/t000001.db \
    "CREATE TABLE later(x)"
sql data/p0/late.db "CREATE TABLE later(x)"
"$lf" backup -q --to "$store" "$scratch/data/**/*.db" || exit 1
status 0 "at a time" rp --json --output-dir out --timestamp "$first" \
    "$store/$key/**/[tl]*.db"
is "those that were there" "$(figure restored)" 250
is "one is skipped" "$(figure skipped)" 1
is "with an object of its own" "$(jq -r 'select(.type == "skipped") |
    .key, .message' "$out" | sed 's/ at or before.*//')" "$key/p0/late.db
it had no backup"
says "and named" \
    "warning: $key/p0/late.db: skipped: it had no backup at or before"
is "without what came later" "$(sql \
    out/p0/databases/d0/branches/b0/tenants/t000001.db \
    "SELECT count(*) FROM sqlite_schema WHERE name = 'later'")" 0
rm -rf out

# A time before all of them is most likely a slip.
young='^litefleet: warning: nothing to restore: none of what was found had a backup at or before 2001-02-03T00:00:00\.000Z \(--timestamp\)$'
one=$key/p0/databases/d0/branches/b0/tenants/t000001.db
early()
{
	rp --output-dir out --timestamp 2001-02-03 "$@"
}
status 1 "a time before all" early --json "$store/$key/p0/**"
says "is said" "$young"
says "each is named" ': skipped: it had no backup at or before 2001-02-03T'
is "all are skipped" "$(figure found)" "$(figure skipped)"
status 1 "in a dry run" early -n "$store/$key/p0/**"
says "it is, too" "$young"
status 1 "with --resume" early --resume "$store/$key/p0/**"
says "it is, too" "$young"
echo "$one" >line
status 1 "by line" sh -c 'exec "$@" <line' sh "$lf" restore-pattern \
    --output-dir out --timestamp 2001-02-03 --from "$store" -
says "it is, too" "$young"
printf '%s\t\tio\tfailed\n' "$one" >report
status 1 "with --retry-report" early --from "$store" --retry-report report
says "it is, too" "$young"
is "nothing is made of it" "$(find out -type f)" ""
status 1 "nothing at all" early "$store/nothing/**"
says_not "is another thing" 'nothing to restore: none of what was found'
# Some are there, and were restored before: that is no slip.
status 0 "some at a time" rp --output-dir out --timestamp "$first" \
    "$store/$key/p0/*.db"
says_not "is not said" 'nothing to restore'
status 0 "again" rp --output-dir out --if-db-not-exists --timestamp "$first" \
    "$store/$key/p0/*.db"
says "with what is there" '4 found, 4 skipped'
says_not "is not said" 'nothing to restore'
rm -rf out
# A shard may have none but late ones, as long as others have some.
alone=
for n in 2 3 5 7 11 13 17 19; do
	i=0
	while [ $((i += 1)) -le $n ] && [ -z "$alone" ]; do
		rp -n --shard $i/$n "$store/$key/p0/*.db" 2>"$err" >lines
		[ "$(cut -f 1 lines)" != "$key/p0/late.db" ] || alone=$i/$n
	done
done
status 0 "a shard of late.db alone" rp --output-dir out --shard "$alone" \
    --timestamp "$first" "$store/$key/p0/*.db"
says "says what it found" '1 found, 1 skipped'
says_not "and no more, as others have some" 'nothing to restore'
for i in 1 2 3; do
	status 1 "shard $i of a time before all" early --shard $i/3 \
	    "$store/$key/p0/late.db"
	says "is said" "$young"
	status 1 "a dry run of it" early -n --shard $i/3 "$store/$key/p0/late.db"
	says "is said" "$young"
done
rm -rf out
status 0 "without, the newest" rp --output-dir out "$store/$key/**/t00000*.db"
is "has it" "$(sql out/p0/databases/d0/branches/b0/tenants/t000001.db \
    "SELECT count(*) FROM later")" 0
rm -rf out

# Shares.
for i in 1 2 3; do
	status 0 "shard $i of 3" rp --json --output-dir out --shard $i/3 \
	    "$store/$key/**/t*.db"
	figure restored >>shares
done
ok "each has its share" sh -c 'test "$(sort -n shares | head -n 1)" -gt 40'
is "together all" "$(paste -sd + shares | bc)" 250
ok "all are the same" diff -r -x '*e.db' -x empty.db data out
rm -rf out

# Numbers of workers and transfers, checks, progress.
status 0 "one worker, one transfer" rp --jobs 1 --parallel 1 \
    --output-dir out "$store/$key/**/t*.db"
ok "all are the same" diff -r -x late.db -x empty.db data out
rm -rf out
for how in quick full; do
	status 0 "--check $how" rp --check $how --spool "$scratch" \
	    --output-dir out "$store/$key/**/t0000[0-3]*.db"
	is "restores them" "$(find out -type f | wc -l)" 40
	rm -rf out
done
status 0 "--progress" rp --progress --output-dir out \
    "$store/$key/**/t0000[0-3]*.db"
rm -rf out
status 0 "--no-progress and a log of lines" rp --no-progress -v \
    --output-dir out "$store/$key/**/t00000*.db"
says "has one for each" \
    "^$key/p0/.*/t000003.db: restored to out/.*/t000003.db \([0-9]+ bytes\)$"
rm -rf out
status 0 "-q says nothing" rp -q --output-dir out "$store/$key/**/t00000*.db"
is "at all" "$(cat "$out" "$err")" ""
rm -rf out

# Nothing.
status 1 "nothing that matches" rp --output-dir out "$store/nothing/**"
says "names the glob" "nothing in the store .* matches .*store/nothing/\*\*"
status 1 "no lines" rp --output-dir out --from "$store" - </dev/null
says "is said" 'no line names a database'
is "nothing is left of that" "$(find out -type f)" ""

done_testing
