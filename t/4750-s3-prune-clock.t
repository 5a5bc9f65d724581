#!/bin/sh
# By a clock that is more than an hour wrong, nothing is removed from S3.
. "$(dirname "$0")/lib.sh"
command -v faketime >/dev/null || skip_all "no faketime here"
LITEFLEET_STORE=s3
s3_start_ceph
st=s3://$s3_bucket/$s3_prefix/st

mkdir data
sql data/t.db "create table t(x)"
status 0 "a backup" "$lf" backup -q --to "$st" "$scratch/data/*.db"
key=${scratch#/}/data/t.db
for d in 01 02 03; do
	echo x | put_object st "$key/202610${d}T120000.000Z.db.lz4"
done
objects st >before

# Of litefleet alone.  (A sanitizer wants to be loaded before all others.)
at()
{
	_off=$1
	shift
	env ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0" \
	    faketime -f "$_off" "$@"
}

for off in +62m -62m +400d; do
	case $off in
	+62m) how='1h0[12]m ahead of' ;;
	-62m) how='1h0[12]m behind' ;;
	*) how='.* ahead of' ;;
	esac
	status 3 "$off" at "$off" "$lf" prune --keep-last 1 "$st"
	says "$off: is refused" "error: store .*/st: this machine's clock is \
$how the server's, so ages are not to be trusted; nothing is removed"
	objects st >after
	ok "$off: nothing has gone" cmp before after
	status 3 "$off: a dry run" at "$off" "$lf" prune -n --keep-last 1 "$st"
	is "$off: shows nothing" "$(cat "$out")" ""
done
# The newest is named later than now by a clock that is behind: the newest
# before now stays, too.
for off in -58m +58m; do
	n=3
	[ "$off" = +58m ] || n=2
	status 0 "$off: a dry run" at "$off" "$lf" prune -n --keep-last 1 "$st"
	is "$off: is believed" "$(grep -c ^remove "$out")" "$n"
done
status 0 "$off" at "$off" "$lf" prune --keep-last 1 "$st"
is "$off: the newest stays" "$(objects st)" "$(tail -n 1 before)"

# A directory has no clock.
mkdir -p dir/.litefleet "dir/a/t.db"
printf 'litefleet-store 1\nid %032d\nhost h\n' 7 >dir/.litefleet/store
echo x >dir/a/t.db/20261001T120000.000Z.db.lz4
echo x >dir/a/t.db/20261002T120000.000Z.db.lz4
status 0 "a directory believes this machine" at +400d "$lf" prune \
    --retention 30d dir
is "and goes by it" "$(find dir/a -type f)" \
    dir/a/t.db/20261002T120000.000Z.db.lz4

# A server that does not say what time it is.
answer marker.http "200 OK" "litefleet-store 1
id 00000000000000000000000000000007
host h
"
answer list.http "200 OK" "<ListBucketResult><IsTruncated>false</IsTruncated>\
<Contents><Key>p/t.db/20261001T120000.000Z.db.lz4</Key><Size>1</Size>\
</Contents><Contents><Key>p/t.db/20261002T120000.000Z.db.lz4</Key>\
<Size>1</Size></Contents></ListBucketResult>"
cat >undated <<END
#!/bin/sh
read -r line
case \$line in
GET*list-type*) cat "$scratch/list.http" ;;
GET*) cat "$scratch/marker.http" ;;
esac
END
chmod +x undated
respond undated "$scratch/undated"
status 3 "a server without a Date" "$lf" prune --keep-last 1 \
    "s3://bucket/p?endpoint=$url"
says "is not trusted" 'the server does not say what time it is'
ok "it was asked for a list" test "$(asked undated 'GET .*list-type')" -ge 1
is "and nothing is removed" "$(asked undated '^(DELETE|POST) ')" 0
done_testing
