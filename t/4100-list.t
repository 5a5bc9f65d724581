#!/bin/sh
# What "litefleet list" shows of a store, and how it ends.
. "$(dirname "$0")/lib.sh"
use_store
st=${base:-$scratch/}st

tab=$(printf '\t')
time_re='[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z'

make_db()
{
	sql "$1" "create table t(x); insert into t values('$2')" >/dev/null
}

mkdir -p data/a data/b st
make_db data/a/t1.db a1
make_db data/a/t2.db a2
make_db data/b/t1.db b1
odd="odd [1] %?*{x}.db"
# In an S3 URL the options begin at a question mark.
[ "$LITEFLEET_STORE" = dir ] || odd="odd [1] %*{x}.db"
make_db "data/b/$odd" odd
back=$(printf 'data/b/back\\slash\ttab.db')
make_db "$back" back

status 0 "a first backup" "$lf" backup -q --to "$st" \
    "$scratch/data/*/*.db"
key=${scratch#/}/data
sql data/a/t1.db "insert into t values('second')"
status 0 "a second backup" "$lf" backup -q --to "$st" \
    "$scratch/data/*/*.db"

status 0 "a whole store is listed" "$lf" list "$st"
is "each database has one line" "$(wc -l <"$out")" 5
prints "a line is time, bytes, key" \
    "^$time_re${tab}[0-9]+${tab}$key/a/t1.db\$"
cp "$out" newest
status 0 "ls is another name" "$lf" ls "$st/"
ok "and shows the same" cmp "$out" newest
[ -n "$base" ] && whole="$st?endpoint=$s3_endpoint" || whole=file://$st
status 0 "a whole URL will do" "$lf" list "$whole"
ok "and shows the same as well" cmp "$out" newest

status 0 "--all shows every backup" "$lf" list --all "$st"
is "one more" "$(wc -l <"$out")" 6
grep "a/t1.db\$" "$out" >versions
is "two of the database that changed" "$(wc -l <versions)" 2
ok "oldest first" sort -c versions
is "and without --all it is the newest" "$(grep "a/t1.db\$" newest)" \
    "$(tail -n 1 versions)"

t1=$(objects st "$key/a/t1.db" | tail -n 1)
is "the bytes are those in the store" "$(grep "a/t1.db\$" newest | cut -f2)" \
    "$(object st "$t1" | wc -c)"

stamp=$(basename "$t1" .db.lz4)
is "the time is that of the object" "$(grep "a/t1.db\$" newest | cut -f1)" \
    "$(printf '%s' "$stamp" | sed -E \
    's/(....)(..)(..)T(..)(..)([0-9.]+Z)/\1-\2-\3T\4:\5:\6/')"

status 0 "a glob over keys" "$lf" list "$st/**/t1.db"
is "finds what it matches" "$(cut -f3 "$out" | tr '\n' ' ')" \
    "$key/a/t1.db $key/b/t1.db "
status 0 "a part of a key" "$lf" list "$st/$key/a"
is "shows all below it" "$(cut -f3 "$out" | tr '\n' ' ')" \
    "$key/a/t1.db $key/a/t2.db "
if [ "$LITEFLEET_STORE" = dir ]; then
	cd st || exit 1
	status 0 "a relative path" "$lf" list "${scratch#/}/data/a/t?.db"
	cd .. || exit 1
	is "works as well" "$(wc -l <"$out")" 2
fi

# A key that is pasted names its database, whatever is in it.
"$lf" list -0 "$st" | tr '\0' '\n' | cut -f3 >keys
is "-0 ends items with NUL" "$(wc -l <keys)" 5
while IFS= read -r k; do
	rm -f back.db
	ok "a key as it is listed restores: $(printf '%s' "$k" | tail -c 24)" \
	    "$lf" restore -q -o back.db "$st/$k"
	is "its database" "$(sql back.db 'select count(*) > 0 from t')" 1
done <keys
ok "-0 escapes nothing" grep -qF "back\\slash%09tab.db" keys
ok "a line escapes a backslash" grep -qF "back\\\\slash%09tab.db" newest

status 0 "--json" "$lf" list --json "$st/$key/a/t1.db"
prints "is one object a line" "^\{\"time\": ?\"$time_re\", ?\"bytes\": ?\
[0-9]+, ?\"key\": ?\"$key/a/t1.db\", ?\"object\": ?\
\"$key/a/t1.db/[0-9T.]+Z\.db\.lz4\"\}\$"
is "and no more" "$(wc -l <"$out")" 1

status 1 "what matches nothing" "$lf" list "$st/none/*"
says "is named" "none/\*"
is "and nothing is printed" "$(cat "$out")" ""
status 3 "no store" "$lf" list "${base:-$scratch/}data"
says "is named" "no store at or above ${base:-$scratch/}data"
status 2 "a wrong glob" "$lf" list "$st/["
status 2 "another scheme" "$lf" list ftp://host/x
status 2 "no argument" "$lf" list
status 2 "two arguments" "$lf" list a b
status 2 "--json and -0" "$lf" list --json -0 "$st"

echo x | put_object st "$key/a/t1.db/notes.txt"
status 0 "a file that is no backup" "$lf" list "$st"
says "is passed over and said" "passed over 1 file"
ok "and not listed" cmp "$out" newest

if [ "$LITEFLEET_STORE" = dir ]; then
	find st -print0 | sort -z | xargs -0 stat -c '%n %i %s %y %z' >before
	"$lf" list --all "$st" >/dev/null 2>&1
	find st -print0 | sort -z | xargs -0 stat -c '%n %i %s %y %z' >after
	ok "listing changes nothing in the store" cmp before after
fi

if [ -e /dev/full ]; then
	# shellcheck disable=SC2016	# for the inner shell
	status 3 "a full disk behind stdout" sh -c \
	    '"$0" list --all "$1" >/dev/full' "$lf" "$st"
	says "is an error" "standard output"
else
	skip "no /dev/full here" 2
fi

if [ "$LITEFLEET_STORE" = s3 ]; then
	:
elif can_be_nobody; then
	chmod 700 st
	status 3 "a store that is closed to us" as_nobody "$lf" list \
	    "$st"
	says "is no empty one" "Permission denied"
else
	skip "only root can become another user" 2
fi

done_testing
