#!/bin/sh
# Uploads in parts: the answer to the last request is lost; what others have
# left behind is swept when it is a day old, and not before.
. "$(dirname "$0")/lib.sh"
s3_start_ceph
s3_front

sql big.db "CREATE TABLE t(x); INSERT INTO t SELECT randomblob(70000000)"
db=$scratch/big.db
key=$s3_prefix$db
url="${s3%%\?*}$db?${s3#*\?}"

there()
{
	"$_s3/s3" ls test "$key/" | wc -l
}

unfinished()
{
	"$_s3/s3" uploads test | sort | tr '\n' ' '
}

# The server has done it, and the client does not hear of it.  Some answer the
# second try as the first; to others the upload is one that never was.
for n in 1 2; do
	s3_mark
	s3_faults complete=1 nosuch=$((n - 1))
	status 0 "a lost answer to complete ($n): success" "$lf" upload \
	    --json --request-timeout 1s --spool "$scratch" --to "$s3" "$db"
	is "the summary says so" "$(jq -r 'select(.type == "summary") |
	    [.synced, .failed] | @csv' "$out")" 1,0
	is "it was told to complete twice" \
	    "$(s3_seen '^POST .*[?&]uploadId=')" 2
	is "and looked at" "$(s3_seen '^HEAD 200 .*big')" $((n - 1))
	is "the object is there once" "$(there)" "$n"
	is "nothing is unfinished" "$(unfinished)" ""
	sql big.db "INSERT INTO t VALUES($n)"
done
status 0 "it is restored" "$lf" restore -q -o back.db "$url"
is "with all that the last one had" \
    "$(sql back.db 'SELECT count(*), sum(length(x)) FROM t')" '2|70000001'
rm back.db

# An upload that is no more, and was not completed: that is no success.
s3_faults nosuch=1
status 1 "an upload that is gone" "$lf" upload --spool "$scratch" \
    --to "$s3" "$db"
says "is an error" "error: .*$db.*404 NoSuchUpload"
is "and nothing is there" "$(there)" 2
is "nothing is unfinished" "$(unfinished)" ""

# Uploads of somebody who died, begun when the server's clock was a day back.
if ! command -v faketime >/dev/null; then
	skip "no faketime here"
	done_testing
fi
gateway()
{
	"$_s3/ceph" kill-gateway "$scratch/.ceph"
	CEPH_CLOCK=$1 "$_s3/ceph" start-gateway "$scratch/.ceph"
}

# begin OFFSET NAME...
begin()
{
	_off=$1
	shift
	for _name; do
		AWS_ENDPOINT_URL=$s3_endpoint faketime -f "$_off" "$_s3/s3" \
		    POST test "$_name" uploads= >/dev/null
	done
}

# policy ACTION: is denied to everybody from now on.
policy()
{
	printf '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny",
	    "Principal": "*", "Action": "s3:%s",
	    "Resource": ["arn:aws:s3:::test", "arn:aws:s3:::test/*"]}]}' "$1" |
	    "$_s3/s3" policy test
}

upload()
{
	sql big.db 'INSERT INTO t VALUES(1)'
	"$lf" upload -q --json --spool "$scratch" --to "$s3" "$db"
}

ok "the server's clock goes back a day" gateway -25h
begin -25h "$key/old1.db.lz4" "$key/old2.db.lz4" "$s3_prefix/other/old.db.lz4" \
    "$key-2/old.db.lz4" "$key/deeper/old.db.lz4" "$s3_prefix/old.db.lz4"
ok "and half an hour less than a day" gateway -1410m
begin -1410m "$key/late.db.lz4"
ok "and is right again" gateway ""
begin +0 "$key/young.db.lz4"
all=$(unfinished)
is "uploads are unfinished" "$(echo "$all" | wc -w)" 8

policy ListBucketMultipartUploads
s3_mark
status 0 "who may not list them stores all the same" upload
is "having asked" "$(s3_seen '^GET 403 .*uploads')" 1
policy AbortMultipartUpload
s3_mark
status 0 "who may not abort them, too" upload
is "having tried each once" "$(s3_seen '^DELETE 403 .*old[12]\.db')" 2
"$_s3/s3" DELETE test "" policy= >/dev/null
is "they are all there" "$(unfinished)" "$all"

# With a clock of ours that is wrong, too: the server's counts.
status 0 "a clock that is ahead" env \
    ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0 faketime -f +1h \
    "$lf" upload --state st2 --spool "$scratch" --to "$s3" "$db"
is "those of this database that are a day old are gone" "$(unfinished)" \
    "$(echo "$all" | tr ' ' '\n' | grep -v '/old[12]\.db' | tr '\n' ' ' |
    sed 's/^ //; s/ *$/ /')"
done_testing
