#!/bin/sh
# In the URL of something in S3 a "?" is a byte of the key, and no wildcard:
# list, restore-pattern and prune mean the same database.
. "$(dirname "$0")/lib.sh"
# shellcheck source=t/s3/harm.sh
. "$_s3/harm.sh"

mkdir data
for i in 'x?' xa xb; do
	sql "data/$i.db" "CREATE TABLE t(x); INSERT INTO t VALUES('$i')"
done
harm hostile
AWS_ACCESS_KEY_ID=access
AWS_SECRET_ACCESS_KEY=secret
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
url()
{
	echo "s3://good-one/p$1?endpoint=http://127.0.0.1:$port"
}
"$lf" backup -q --key 'q?/{{1}}.db' --to "$(url '')" "$scratch/data/*.db" ||
	exit 1

# keys NAME BELOW WANT: both say so.
keys()
{
	status "${4:-0}" "$1: list" "$lf" list "$(url "$2")"
	is "... what" "$(cut -f3 "$out")" "$3"
	status "${4:-0}" "$1: restore-pattern" "$lf" restore-pattern -n \
	    --output-dir back "$(url "$2")"
	is "... what" "$(cut -f1 "$out")" "$3"
}
all='q?/x?.db
q?/xa.db
q?/xb.db'
keys "one that holds it" '/q?/x?.db' 'q?/x?.db'
keys "beside a wildcard" '/q?/*?.db' 'q?/x?.db'
keys "in a set" '/q?/x[?b].db' 'q?/x?.db
q?/xb.db'
keys "in a directory" '/q?/' "$all"
keys "escaped" '/q?/x\?.db' 'q?/x?.db'
keys "of none" '/q?/?a.db' '' 1

mkdir back
for i in 'x?' xa xb; do
	sql "back/$i.db" "CREATE TABLE t(x); INSERT INTO t VALUES('old')"
done
status 0 "restore-pattern --force" "$lf" restore-pattern --force \
    --output-dir back "$(url '/q?/x?.db')"
is "... replaces what was named" \
    "$(for i in 'x?' xa xb; do sql "back/$i.db" 'SELECT x FROM t'; done)" \
    'x?
old
old'

sql 'data/x?.db' "UPDATE t SET x = 'new'"
sql data/xa.db "UPDATE t SET x = 'new'"
"$lf" backup -q --key 'q?/{{1}}.db' --to "$(url '')" "$scratch/data/*.db" ||
	exit 1
status 0 "prune" "$lf" prune -n --keep-last 1 "$(url '/q?/x?.db')"
not_ok "... nothing else" grep -F -v 'q?/x?.db' "$out"
is "... of what" "$(wc -l <"$out")" 2
done_testing
