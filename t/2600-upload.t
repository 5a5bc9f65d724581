#!/bin/sh
# upload: exactly these, changed or not; and the pipeline from a dry run.
. "$(dirname "$0")/lib.sh"
use_store

mkdir -p data/a data/b
for i in 1 2 3; do
	sqlite3 data/a/$i.db "create table t(x); insert into t values($i)"
	sqlite3 data/b/$i.db "create table t(x)"
done
p="$scratch/data/*/*.db"

# The dry run touches nothing.
snap()
{
	find . ! -path './.lib*' ! -path './.ceph*' ! -name . -printf '%p %s %T@ %C@\n' | sort
}
before=$(snap)
status 0 "a dry run without a store" "$lf" backup -n "$p"
is "touches nothing" "$(snap)" "$before"
cp "$out" dry
is "a line for each" "$(wc -l <dry)" 6
is "of four fields" "$(awk -F'\t' 'NF == 4' dry | wc -l)" 6
is "new, bytes, path, key" "$(sort -t"$(printf '\t')" -k3 dry | head -n 1)" \
    "$(printf 'new\t8192\t%s\t%s' "$scratch/data/a/1.db" \
    "$(echo "$scratch/data/a/1.db" | cut -c2-)")"

# A name of which the key is longer than a file's may be: S3 does not mind.
mkdir long
long=long/$(printf '%090d' 0 | tr 0 '\377').db
sqlite3 "$long" 'create table t(x)'
status 0 "a dry run to S3, of a long name" env AWS_ENDPOINT_URL= "$lf" \
    backup -n --to s3://bucket/prefix "$scratch/long/*.db"
is "takes it" "$(wc -l <"$out")" 1
status 1 "one to a directory" "$lf" backup -n --to none "$scratch/long/*.db"
says "does not" '255'
rm "$long"
rmdir long

"$lf" backup -n "$p" | cut -f3 | "$lf" upload --to "${base}store" - >"$out" 2>"$err" &&
    pass "a dry run feeds upload" || fail "a dry run feeds upload"
is "a line for each" "$(wc -l <"$out")" 6
is "path, key, bytes" "$(awk -F'\t' '$1 ~ /^\// && $2 !~ /^\// && $3 > 0' \
    "$out" | wc -l)" 6
is "all are there" "$("$lf" list "${base}store" | wc -l)" 6

not_racy
status 0 "upload committed the state" "$lf" backup --json --to "${base}store" "$p"
not_racy
status 0 "so backup" "$lf" backup --json --to "${base}store" "$p"
is "stores nothing" "$(jq -r 'select(.type == "summary") | .synced' "$out")" 0
status 0 "and a dry run" "$lf" backup -n --to "${base}store" "$p"
is "is empty" "$(cat "$out")" ""
sqlite3 data/a/1.db 'insert into t values(9)'
is "changed shows" "$("$lf" backup -n --to "${base}store" "$p" | cut -f1,3)" \
    "$(printf 'changed\t%s' "$scratch/data/a/1.db")"
sqlite3 data/a/4.db 'create table t(x)'
is "so does new" "$("$lf" backup -n --to "${base}store" "$p" | cut -f1 | sort |
    tr '\n' ' ')" "changed new "
is "NUL ends items with -0" "$("$lf" backup -n0 --to "${base}store" "$p" |
    tr -cd '\0' | wc -c)" 2
is "objects with --json" "$("$lf" backup -n --json --to "${base}store" "$p" |
    jq -r .type | sort | tr '\n' ' ')" "changed new "

status 0 "unchanged, but asked for" "$lf" upload --to "${base}store" data/b/2.db
is "is stored" "$("$lf" list --all "${base}store$scratch/data/b/2.db" | wc -l)" 2
status 0 "twice the same path" "$lf" upload --to "${base}store" data/b/3.db \
    ./data//b/3.db "$scratch/data/a/../b/3.db"
is "is one" "$(wc -l <"$out")" 1
status 0 "a template with its pattern" "$lf" upload --to "${base}store2" \
    --key '{{1}}/{{2}}' --pattern "$p" data/b/1.db
is "names the key" "$(cut -f2 "$out")" b/1

status 1 "one that is not there" "$lf" upload --to "${base}store" data/none.db \
    data/nodir/x.db data/b/1.db
says "is named" "error: .*$scratch/data/none.db"
says "the other too" "error: .*$scratch/data/nodir/x.db"
is "and the good one is done" "$(cut -f1 "$out")" "$scratch/data/b/1.db"

# A link that was put in the way since is not followed.
mkdir -p wild/t1 secret
sqlite3 wild/t1/x.db 'create table t(x)'
sqlite3 secret/x.db "create table t(x); insert into t values('secret')"
"$lf" backup -n "$scratch/wild/*/x.db" | cut -f3 >lines
rm -r wild/t1
ln -s ../secret wild/t1
for how in "" "--pattern $scratch/wild/*/x.db"; do
	# shellcheck disable=SC2086
	(set -f; "$lf" upload --to store6 $how - <lines >"$out" 2>"$err")
	is "upload through a link: status ($how)" "$?" 1
	says "says why ($how)" 'symbolic link'
	is "nothing is stored ($how)" "$(find store6 -name '*.lz4' 2>/dev/null)" ""
done
status 0 "unless --follow" "$lf" upload --follow --to store6 wild/t1/x.db
mkdir real && mv wild/t1 real/link && mkdir real/t2 && cp secret/x.db real/t2
ln -s real literal
status 0 "the literal part of a pattern may be a link" "$lf" upload \
    --to store7 --pattern "$scratch/literal/*/x.db" --key '{{1}}' \
    "$scratch/literal/t2/x.db"
cp secret/x.db real/file
status 0 "a pattern that ends in ** matches its directory, too" "$lf" upload \
    --to store-file --pattern "$scratch/literal/file/**" "$scratch/literal/file"
is "by its name" "$(cut -f 2 "$out")" "${scratch#/}/literal/file"
is "and stored" "$("$lf" list store-file | cut -f 3)" "${scratch#/}/literal/file"

# What cannot be a file; and output that is lost.
long=$(printf '%0256d' 0)
for bad in / "$long" "data/nodir/../x.db"; do
	status 2 "no file: $(echo "$bad" | cut -c1-20)" "$lf" upload \
	    --to store "$bad"
done
status 1 "a directory" "$lf" upload --to store data/b
says "is no file" 'data/b: not a regular file'
ln -s 1.db data/b/link.db
status 1 "a link" "$lf" upload --to store data/b/link.db
says "says what would follow it" '--follow'
status 0 "and with that" "$lf" upload --follow --to store data/b/link.db
rm data/b/link.db
for how in '>&-' '>/dev/full'; do
	status 3 "list $how" sh -c "'$lf' list store $how"
	says "list $how: says so" 'write standard output'
done
# More than a pipe holds, to a reader that has gone.
n=0
while [ $n -lt 300 ]; do
	ln data/b/1.db "data/b/x$(printf '%0240d' $n).db"
	n=$((n + 1))
done
"$lf" backup -q --state pipe --to pipe "$scratch/data/b/*.db"
{ "$lf" prune -n --keep-last 1 pipe 2>"$err"; echo $? >rc; } |
    head -c 1 >/dev/null
is "prune: the reader has gone" "$(cat rc)" 3
is "is said once" "$(grep -c 'write standard output' "$err")" 1
# What is done for its output alone goes with its reader, as filters do.
follows()
{
	rm -f gone
	mkfifo gone
	(
		# shellcheck disable=SC2094	# until nobody reads it
		exec 3<>gone 4>gone 3<&-
		exec "$lf" "$@" >&4 2>"$err"
	)
	is "$1: the reader has gone" "$?" 141
	is "and nothing is said" "$(cat "$err")" ''
}
follows list --json pipe
# Patterns that were not looked at are not those that match nothing.
follows backup -n --state none "$scratch"/data/b/x*.db
follows restore-pattern -n --output-dir none 'pipe/**'
follows status --to pipe --state pipe "$scratch/data/b/*.db"
rm data/b/x*.db
status 3 "lost output and a failed database" sh -c \
    "'$lf' upload --to store data/none.db data/b/1.db >/dev/full"
# A limit on the size of files is an error that is said, and no death.
sql data/b/large.db "create table t(x); insert into t values(randomblob(99999))"
status 3 "a file size limit" sh -c "ulimit -f 8; '$lf' backup --state ul.state \
    --to ul.store '$scratch/data/b/*.db'"
says "is named" 'File too large'
says_not "no worker dies of it" 'died'
"$lf" upload -q --to store data/b/large.db >/dev/null
status 3 "and where a database is restored" sh -c "ulimit -f 8; '$lf' restore \
    -o ul.db 'store$scratch/data/b/large.db'"
says "is named" 'File too large'
ok "nothing is left" test -z "$(find . -maxdepth 1 -name '*ul.db*')"
rm data/b/large.db
cp data/b/1.db data/b/a..b.db
"$lf" upload --to store data/b/a..b.db >"$out" 2>"$err"
is "dots in a name are no parent" "$(cut -f1 "$out")" "$scratch/data/b/a..b.db"
rm data/b/a..b.db

cp data/b/1.db "$(printf 'data/b/t\tn\nx.db')"
"$lf" backup -n "$p" | cut -f3 | "$lf" upload --to "${base}store3" - >"$out" 2>"$err" &&
    pass "odd names through the pipe" || fail "odd names through the pipe"
is "all of them" "$("$lf" list "${base}store3" | wc -l)" 8
odd=$(printf '%s/data/b/t\tn\nx.db' "$scratch")
printf '%s\0' "$odd" |
    "$lf" upload -0 --to "${base}store3" - >"$out" 2>"$err" &&
    pass "NUL items from stdin" || fail "NUL items from stdin"
is "are what they are" "$(head -c ${#odd} "$out")" "$odd"
printf 'a\\q\n' | "$lf" upload --to "${base}store3" - >"$out" 2>"$err"
is "a wrong escape is a usage error" "$?" 2
says "says where" 'standard input, line 1: .*backslash'

# wrong_line NAME INPUT WHERE [OPTION]: nothing is stored, and it says where.
wrong_line()
{
	printf %b "$2" | "$lf" upload ${4:+"$4"} --to store8 - >"$out" 2>"$err"
	is "$1: status" "$?" 2
	says "$1: says where" "standard input, $3: "
	is "$1: nothing is stored" "$(ls -d store8 2>/dev/null)" ""
}
wrong_line "an empty line" 'data/a/1.db\ndata/a/2.db\n\ndata/a/3.db\n' "line 3"
wrong_line "an empty item" 'data/a/1.db\0\0' "item 2" -0
wrong_line "a line that is no file" 'data/a/1.db\n/\n' "line 2"
wrong_line "a NUL in a line" 'data/a/1.db\ndata\0x\n' "line 2"
done_testing
