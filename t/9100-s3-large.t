#!/bin/sh
# A database of 300 MiB goes in parts: with a part that fails
# twice, with nothing left over when it is stopped; and it comes back.
. "$(dirname "$0")/lib.sh"
s3_start
s3_front

# Pages that do not compress, made in SQLite.
sql big.db "CREATE TABLE t(x BLOB);
    WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
    INSERT INTO t SELECT randomblob(1048000) FROM n"
ok "there is a large database" test "$(stat -c %s big.db)" -gt 310000000
db=$scratch/big.db
url="${s3%%\?*}$db?${s3#*\?}"

unfinished()
{
	"$_s3/s3" uploads "$s3_bucket" | grep -c "^$s3_prefix/"
}

s3_faults part=2
status 0 "it is stored, though a part fails twice" "$lf" upload -vv --jobs 1 \
    --spool "$scratch" --to "$s3" "$db"
parts=$(s3_seen '^PUT 200 .*partNumber=')
ok "in parts ($parts)" test "$parts" -ge 5
is "of which the second was tried three times" \
    "$(s3_seen '^PUT (200|503) .*partNumber=2(&|$)')" 3
ok "begun and completed by POST" test "$(s3_seen '^POST 200 ')" -eq 2
is "nothing is unfinished" "$(unfinished)" 0
is "the spool is empty" "$(find "$scratch" -maxdepth 1 -size +1M \
    ! -name big.db)" ""

status 0 "it is restored" "$lf" restore -q -o back.db "$url"
ok "as it was" cmp big.db back.db
rm -f back.db
object=$("$_s3/s3" ls "$s3_bucket" "$s3_prefix${db%/*}/" | tail -n 1)
ok "lz4 alone does it, too" sh -c '"$1" cat "$2" "$3" | lz4 -dc |
    cmp - "$4"' sh "$_s3/s3" "$s3_bucket" "$object" big.db

# Stopped in mid-upload: it is aborted, and nothing is left there.
start "$lf" upload --jobs 1 --grace 100ms --limit-rate 20M --concurrent 2 \
    --spool "$scratch" --to "$s3" "$db"
s3_mark
some()
{
	[ "$(s3_seen '^PUT 200 .*partNumber=')" -ge 1 ]
}
ok "a part is there" wait_for 60 some
stop "$pid"
is "stopped" "$?" 3
is "nothing is unfinished" "$(unfinished)" 0

# Killed: what is left is below the same key, and young, so it stays.
start "$lf" upload --jobs 1 --limit-rate 20M --concurrent 2 \
    --spool "$scratch" --to "$s3" "$db"
s3_mark
ok "a part is there" wait_for 60 some
pkill -KILL -P "$pid"
wait "$pid"
is "an upload is left behind" "$(unfinished)" 1
status 0 "another run stores it all the same" "$lf" upload -q --jobs 1 \
    --spool "$scratch" --to "$s3" "$db"
is "a young upload of others is not touched" "$(unfinished)" 1

# The newest is whole.
status 0 "restore it" "$lf" restore -q -o back.db "$url"
ok "as it was" cmp big.db back.db
done_testing
