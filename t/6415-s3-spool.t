#!/bin/sh
# A spool without room for one large object, with the store in S3: that
# database fails alone, and all others are stored.
. "$(dirname "$0")/lib.sh"
# shellcheck source=t/s3/harm.sh
. "$_s3/harm.sh"

[ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null ||
	unshare -rm true 2>/dev/null || skip_all "no mount namespaces here"
[ "$(id -u)" -eq 0 ] && map='' || map=-r
mkdir data spool
for i in 1 2 3 4 5 6 7 8 9; do
	sql "data/$i.db" "CREATE TABLE t(x); INSERT INTO t VALUES($i)"
done
# No compression helps it: the image and the object of it are 26 MB.
sql data/big.db 'CREATE TABLE t(x); INSERT INTO t VALUES(randomblob(13000000))'
harm hostile
AWS_ACCESS_KEY_ID=x
AWS_SECRET_ACCESS_KEY=y
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
to="s3://good/p?endpoint=http://127.0.0.1:$port"
# With 20 MB of spool.
small()
{
	# shellcheck disable=SC2016,SC2086	# of the shell in there; none
	unshare -m $map sh -c 'mount -t tmpfs -o size=20m none "$1" || exit 98
	    shift; exec "$@"' sh "$scratch/spool" "$lf" "$@"
}
backup()
{
	small backup --json --jobs 1 --spool "$scratch/spool" --to "$to" \
	    "$scratch/data/*.db"
}
figure()
{
	jq -r "select(.type == \"summary\") | .$1" "$out"
}

status 1 "a large one among nine" backup
is "the nine are stored" "$(figure synced),$(figure failed)" 9,1
says "the one is named, with where there was no room" \
    "^litefleet: error: $scratch/data/big.db: .*spool $scratch/spool: .*No space left on device"
says "and what to do" '--spool'
is "in one line" "$(grep -c 'No space' "$err")" 1
says_not "the store is not blamed" "store s3:"
status 1 "the next run" backup
is "has it again, and does nothing else" "$(figure synced),$(figure failed)" 0,1
"$lf" status --failures --json --to "$to" >"$out" 2>"$err"
is "status tells of it" \
    "$(jq -r 'select(.path != null) | .path' "$out" | sort -u)" \
    "$scratch/data/big.db"
status 0 "with room" "$lf" backup --json --to "$to" "$scratch/data/*.db"
is "it is stored" "$(figure synced)" 1
done_testing
