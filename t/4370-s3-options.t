#!/bin/sh
# What the options of a store's URL put on the wire, and what --concurrent and
# --limit-rate allow to all workers together.
. "$(dirname "$0")/lib.sh"
s3_start_ceph

mkdir data
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
	sql data/$i.db "CREATE TABLE t(x); INSERT INTO t VALUES(randomblob(90000))"
done
p="$scratch/data/*.db"
sql big.db "CREATE TABLE t(x); INSERT INTO t VALUES(zeroblob(70000000));
UPDATE t SET x = randomblob(70000000)"

respond wire true
to="s3://test/o?endpoint=$url"

# heads ERE: of each request that begins so, its head, one a line.
heads()
{
	tr -d '\0\r' <wire.log | grep -aE -A20 "$1" | ere=$1 awk '
	    / HTTP\/1\.1$/ { on = $0 ~ ENVIRON["ere"] }
	    NF == 0 { if (on) print ""; on = 0 }
	    on { printf "%s|", $0 }'
}

# sent NAME N ERE LINE: N such requests, each of them with that header.
sent()
{
	is "$1" "$(heads "$3" | grep -c .) $(heads "$3" | grep -ciF -e "|$4|")" \
	    "$2 $2"
}

one=data/1.db
status 0 "an upload" "$lf" upload --to "$to" $one
for header in x-amz-storage-class x-amz-server-side-encryption x-amz-acl \
    content-md5; do
	is "without options there is no $header" "$(asked wire "^$header:")" 0
done
: >wire.log
status 0 "an upload with all" "$lf" upload --to "$to&storage-class=STANDARD&\
sse=AES256&acl=private&require-content-md5=1" $one
what='^PUT /test/o/.*/1\.db/'
sent "its storage class" 1 "$what" "x-amz-storage-class: STANDARD"
sent "its encryption" 1 "$what" "x-amz-server-side-encryption: AES256"
sent "its ACL" 1 "$what" "x-amz-acl: private"
ok "the hash of its content" sh -c "tr -d '\0' <wire.log |
    grep -aqE '^content-md5: [A-Za-z0-9+/]{22}=='"
ok "all of them signed" sh -c "tr -d '\0' <wire.log | grep -aqE \
    'SignedHeaders=content-md5;.*;x-amz-acl;.*;x-amz-server-side-encryption;x-amz-storage-class,'"
: >wire.log
status 1 "a key of the KMS that is not there" "$lf" upload \
    --to "$to&sse=aws:kms&sse-kms-key-id=a/b-c" $one
sent "is named" 1 "$what" "x-amz-server-side-encryption-aws-kms-key-id: a/b-c"
status 1 "a storage class that is not there" "$lf" upload \
    --to "$to&storage-class=NOPE" $one
says "the URL's options are thought of" \
    '400 InvalidArgument: .*do the options of the store'

: >wire.log
status 0 "a large one in parts of 20 MiB" "$lf" upload --to \
    "$to&part-size=20M&storage-class=STANDARD&sse=AES256&acl=private" big.db
what='^POST /test/o/.*/big\.db/.*\?uploads='
sent "its beginning has the storage class" 1 "$what" \
    "x-amz-storage-class: STANDARD"
sent "the encryption" 1 "$what" "x-amz-server-side-encryption: AES256"
sent "the ACL" 1 "$what" "x-amz-acl: private"
what='^PUT /test/o/.*/big\.db/.*\?partNumber='
is "it has four parts" "$(heads "$what" | grep -c .)" 4
is "three of that size" \
    "$(heads "$what" | grep -ciF '|content-length: 20971520|')" 3
is "none of them with a storage class" \
    "$(heads "$what" | grep -ci x-amz-storage-class)" 0

# The first puts wait until as many as there may be are under way, and each of
# them then for a moment for one too many; what was seen is written down.
mkdir now
cat >crowd <<'END'
#!/bin/sh
case $(head -c 4) in
'PUT ') ;;
*) exit ;;
esac
: >now/$$
i=0
until grep -qx "$(cat most)" counts && [ "$i" -ge 20 ] || [ "$i" -ge 500 ]; do
	set -- now/*
	echo $#
	sleep 0.02
	i=$((i + 1))
done >>counts
rm now/$$
END
chmod +x crowd
respond crowd ./crowd
for case in "5 5" "1 2"; do
	at_once=${case% *}
	echo "${case#* }" >most
	: >counts
	status 0 "--concurrent $at_once, by two workers" "$lf" backup -q \
	    --jobs 2 --concurrent "$at_once" --state "st-$at_once" \
	    --to "s3://test/c$at_once?endpoint=$url" "$p"
	is "so many are under way at once, and no more" \
	    "$(sort -n counts | tail -n 1)" "${case#* }"
done

# 1.1 MB, 400 KiB/s, a tenth of a second ahead.
bytes=$(cat data/*.db | wc -c)
began=$(_now_ms)
status 0 "--limit-rate, by two workers" "$lf" backup -q --jobs 2 \
    --limit-rate 400K --state st-rate --to "${s3%%\?*}/rate?${s3#*\?}" "$p"
took=$(($(_now_ms) - began))
ok "both together keep it ($bytes bytes in $took ms)" \
    test "$took" -ge $((bytes * 3000 / 409600 / 4))
done_testing
