#!/bin/sh
# A report brings back what has failed; the journal stays as long as anything
# is missing, and no longer.
. "$(dirname "$0")/lib.sh"

# A signal wakes its process up: if it sleeps, it has looked at it.
heeded()
{
	grep -q '^State:.S' "/proc/$pid/status"
}

rp()
{
	"$lf" restore-pattern --output-dir out "$@"
}
figure()
{
	jq -r "select(.type == \"summary\") | .$1" "$out"
}
journal=out/.litefleet-restore

mkdir data
i=0
while [ "$i" -lt 40 ]; do
	sql "data/t$i.db" "CREATE TABLE w(w); INSERT INTO w VALUES('$i')"
	i=$((i + 1))
done
"$lf" backup -q --to store "$scratch/data/*.db" || exit 1
glob="store$scratch/data/"

# in_the_way N...: directories, where databases belong
in_the_way()
{
	rm -rf out
	for i in "$@"; do
		mkdir -p "out/t$i.db"
	done
}

# Everything was gone through: with the last that is missing the journal goes.
in_the_way 3 4
status 1 "two are in the way" rp --error-report report "$glob"
sed 1d report >second
sed -n 1p report >first
rmdir out/t3.db out/t4.db
status 0 "one of them again" rp --retry-report first "$glob"
ok "the other is missing: the journal stays" test -e "$journal"
: >empty
status 0 "none of them" rp --retry-report empty "$glob"
says "it is said that there is none" 'nothing to retry: empty names no'
says "and what is to be done" 'more is missing than empty names: .* --resume'
status 0 "... in a dry run, too" rp -n --retry-report empty "$glob"
says "it is said there" 'nothing to retry: empty names no'
ok "the other is still missing" test -e "$journal"
status 0 "the other" rp --retry-report second "$glob"
ok "all are the same" diff -r data out
not_ok "now it has gone" test -e "$journal"

# Lines, too, and their report alone.
in_the_way 3
rp -n "$glob" >lines
status 1 "lines" rp --error-report report --from store - <lines
rmdir out/t3.db
status 0 "the report of lines" rp --retry-report report --from store
ok "all are the same" diff -r data out
is "no journal is left" "$(find out -name '.*')" ""

# A report is about the backups that were asked for, not newer ones.
word()
{
	sql "$1" "SELECT w FROM w"
}
key=${scratch#/}/data/t3.db
before=$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)
sql data/t3.db "UPDATE w SET w = 'newer'"
"$lf" backup -q --to store "$scratch/data/*.db" || exit 1
in_the_way 3
status 1 "lines of a time" rp --error-report report --from store - <lines
is "the report has that time" "$(cut -f 1,5 report)" \
    "$(grep t3.db lines | cut -f 1,2)"
rmdir out/t3.db
status 0 "the report of lines" rp --retry-report report --from store
is "is of that time" "$(word out/t3.db)" 3
is "no journal is left" "$(find out -name '.*')" ""
in_the_way 3
status 1 "a time" rp --timestamp "$before" --error-report report "$glob"
status 2 "without it there is another journal" rp --retry-report report "$glob"
rm out/.litefleet-restore
rmdir out/t3.db
status 0 "by the report alone" rp --retry-report report "$glob"
is "is of that time" "$(word out/t3.db)" 3
in_the_way 3
rp -n "$glob" >newer
status 1 "without a time" rp --error-report report "$glob"
rmdir out/t3.db
sql data/t3.db "UPDATE w SET w = 'newest'"
"$lf" backup -q --to store "$scratch/data/*.db" || exit 1
status 0 "what was the newest then" rp --retry-report report "$glob"
is "is restored" "$(word out/t3.db)" newer
says_not "nothing needs to be said" "name.* no time"
rm -rf out
cut -f 1-4 report >timeless
status 0 "without times" rp --retry-report timeless "$glob"
is "the newest is" "$(word out/t3.db)" newest
says "which is said" "timeless: 1 of its lines names no time"
rm -rf out
status 0 "or with --timestamp" rp --timestamp "$before" \
    --retry-report timeless "$glob"
is "the one of that time" "$(word out/t3.db)" 3
says_not "nothing needs to be said" "name.* no time"
rm -rf out
status 1 "lines that are later than --timestamp" rp --json --timestamp "$before" \
    --from store - <newer
is "are refused" "$(figure restored) $(jq -r 'select(.type == "failed") |
    .key, .class' "$out" | tr '\n' ' ')" "39 $key usage "
says "which is said" "t3.db: refused: its line names .* after --timestamp"

# So it is with targets.
rm -rf out
printf '%s\t\t\t/elsewhere/z.db\nnone.db\n' "$key" >bad
status 1 "a target that is not below" rp --error-report report \
    --from store - <bad
is "is in the report" "$(grep t3.db report | cut -f 2)" /elsewhere/z.db
is "what was not found has no time" "$(grep none.db report | cut -f 5)" ""
cp report first
status 1 "nor is it the second time" rp --retry-report first \
    --error-report report --from store
is "both are refused as before" "$(sort report)" "$(sort first)"
is "nothing is made" "$(find out -type f)" ""
grep t3.db lines | sed 'p; s,out/,&out/,' >bad
status 1 "one backup for two targets" rp --error-report report \
    --from store - <bad
is "one is made" "$(find out -name 't*.db' -type f)" out/out/t3.db
status 1 "the other is not taken for done" rp --retry-report report \
    --from store
says "what to do is said" "out/t3.db is not there, but the .* restore -o"

# A retry that begins a journal is about no more than its report.
in_the_way 3
status 1 "a retry that fails in part" rp --retry-report lines \
    --error-report report "$glob"
rmdir out/t3.db
status 0 "and then does not" rp --retry-report report "$glob"
is "no journal is left" "$(find out -name '.*')" ""

# So is one of what need not come any more: its owner has begun anew.
in_the_way
mkdir out
echo wal >out/t3.db-wal
mkdir out/t4.db
status 1 "a -wal alone" rp --if-db-not-exists --error-report report "$glob"
rm out/t3.db-wal
rmdir out/t4.db
sql out/t3.db "CREATE TABLE w(w); INSERT INTO w VALUES('own')"
grep t3.db report >first
status 0 "one of two" rp --if-db-not-exists --retry-report first "$glob"
ok "the other is missing: the journal stays" test -e "$journal"
status 0 "both" rp --if-db-not-exists --json --retry-report report "$glob"
is "one is there now" "$(figure skipped) $(figure restored)" "1 1"
is "and is left alone" "$(word out/t3.db)" own
is "no journal is left" "$(find out -name '.*')" ""

# What cannot begin leaves no journal.
rm -rf out
status 3 "no room for a report" rp --error-report none/report "$glob"
is "no journal is left" "$(find out -name '.*')" ""
status 0 "it is not in the way of the next" rp "$glob"

# What is there may come of one that was killed before it had synced it.
rm -rf out
cp -r data out
ASAN_OPTIONS=detect_leaks=0 strace -f -qq -s 4096 -e trace=syncfs,write \
    -o trace "$lf" restore-pattern --output-dir out --resume --json \
    --jobs 1 "$glob" >"$out" 2>"$err" || fail "strace"
is "all are there already" "$(figure there)" 40
is "and are synced before that is noted" \
    "$(grep -oE 'syncfs.* = 0|write.*data/t' trace | sed 's/(.*//' | uniq |
    head -n 2 | tr '\n' ' ')" "syncfs write "

# Stopped: what the report does not name is missing, too.
in_the_way 3 4 5 6 7 8
LITEFLEET_HOOK="bulk-decoded=stop:t0.db" start "$lfh" restore-pattern \
    --output-dir out --jobs 2 --parallel 2 --error-report report "$glob"
some()
{
	[ -s report ] && [ "$(grep -c . "$journal" 2>/dev/null)" -ge 2 ]
}
ok "some are finished, some have failed" wait_for 30 some
kill -TERM "$pid"
wait_for 10 heeded
pkill -CONT -P "$pid"
wait "$pid"
is "TERM: status" "$?" 3
rmdir out/t[3-8].db 2>/dev/null
sql data/t0.db "UPDATE w SET w = 'newer'"
"$lf" backup -q --to store "$scratch/data/*.db" || exit 1
status 0 "what has failed, again" rp --retry-report report "$glob"
ok "the journal stays" test -e "$journal"
status 0 "--resume" rp --resume --json "$glob"
is "all are found" "$(figure found)" 40
is "as they were when it began" "$(sql out/t0.db "SELECT w FROM w")" 0
is "no journal is left" "$(find out -name '.*')" ""

# A retry into its own report that does not come to its end loses nothing.
"$lf" backup -q --to store "$scratch/data/*.db" || exit 1
in_the_way 3 4 5 6
status 1 "four are in the way" rp --error-report report "$glob"
rmdir out/t[356].db
chmod 640 report
ln -s report link
cp report first
stopped()
{
	pgrep -r T -P "$pid"
}
none_of()
{
	for i in $1; do
		! kill -0 "$i" || return 1
	done
}
for signal in KILL TERM; do
	LITEFLEET_HOOK="bulk-decoded=stop:t5.db" start "$lfh" restore-pattern \
	    --output-dir out --jobs 1 --parallel 1 --retry-report report \
	    --error-report link "$glob"
	ok "SIG$signal: it is under way" wait_for 30 stopped
	workers=$(pgrep -P "$pid")
	# shellcheck disable=SC2086	# one or more
	[ $signal = TERM ] || kill -KILL $workers
	kill -"$signal" "$pid"
	[ $signal = KILL ] || wait_for 10 heeded
	# shellcheck disable=SC2086
	[ $signal = KILL ] || kill -CONT $workers
	ended "$pid"
	wait_for 30 none_of "$workers"
	is "SIG$signal: the report is as it was" "$(cat report)" "$(cat first)"
done
says_of()
{
	grep -q "$1" "$perr"
}
ok "what to do is said" says_of 'stopped by .*; the same command does the rest'
is "of a stopped one nothing lies beside it" "$(find . -name 'report.*' |
    wc -l)" 1
rm -f report.*
status 1 "the same command" rp --json --retry-report report \
    --error-report link "$glob"
is "does what can be done" "$(figure found) $(figure failed)" "4 1"
is "and says what cannot" "$(cut -f 1 report)" "$(grep t4.db first | cut -f 1)"
is "in the same file" "$(stat -c %a report) $(readlink link)" "640 report"
is "nothing lies beside it" "$(find . -name 'report.*')" ""
rmdir out/t4.db
status 0 "again, for that" rp --retry-report report --error-report report \
    "$glob"
is "the report is empty" "$(cat report)" ""
is "no journal is left" "$(find out -name '.*')" ""
ok "all are the same" diff -r data out
status 0 "once more" rp --retry-report report --error-report report "$glob"
says "has nothing to do" "nothing to retry: report names no database"

# A report of all shards is not replaced by what one of them leaves of it.
first_of()
{
	rp -n --shard "$1/2" "$glob" | head -n 1 | cut -f 4
}
rm -rf out
one=$(first_of 1)
two=$(first_of 2)
mkdir -p "$one" "$two"
status 1 "one of each shard is in the way" rp --error-report report "$glob"
rmdir "$one" "$two"
rm -f out/.litefleet-restore link
ln -s report link
cp report first
for i in 1 2; do
	status 2 "shard $i into the same report" rp --shard "$i/2" \
	    --retry-report report --error-report link "$glob"
	says "is refused" 'link .* lose 1 database of other shards than .*own'
	status 2 "... in a dry run, too" rp -n --shard "$i/2" \
	    --retry-report report --error-report link "$glob"
done
is "the report is as it was" "$(cat report)" "$(cat first)"
is "nothing has been made" "$(find out -name '.*'; ls -d "$one" "$two" \
    2>/dev/null)" ""
for i in 1 2; do
	status 0 "shard $i into a report of its own" rp --shard "$i/2" \
	    --retry-report report --error-report "left.$i" "$glob"
done
ok "all are the same" diff -r data out
mkdir aside
mv "$one" aside
mkdir "$one"
grep "$one" first >own
status 1 "what has none of other shards" rp --shard 1/2 --retry-report own \
    --error-report own "$glob"
is "is replaced" "$(cut -f 2,3 own)" "$(grep "$one" first | cut -f 2,3)"
rmdir "$one"
status 0 "and again" rp --shard 1/2 --retry-report own --error-report own \
    "$glob"
is "then it is empty" "$(cat own)" ""
rm -f "$one" "$two" out/.l*
status 0 "one shard is all" rp --shard 1/1 --retry-report report \
    --error-report report "$glob"
is "the report is empty" "$(cat report)" ""
ok "all are the same" diff -r data out

done_testing
