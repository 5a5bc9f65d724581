#!/bin/sh
# The wrong region: the message names the right one, status 3, before any
# database is read; on a server that looks at it (Swift), and as AWS says it.
. "$(dirname "$0")/lib.sh"
LITEFLEET_S3_SERVER=swift
unset LITEFLEET_TEST_S3
s3_start

mkdir data
for i in 1 2 3; do
	sql data/$i.db "CREATE TABLE t(x); INSERT INTO t VALUES($i)"
done
p="$scratch/data/*.db"

# wrong NAME URL ERE [VAR=VALUE...]
wrong()
{
	_what=$1
	_url=$2
	_ere=$3
	shift 3
	ASAN_OPTIONS=detect_leaks=0 strace -f -qq -e trace=openat -o opened \
	    env "$@" "$lf" backup --state "st-$_n" --to "$_url" "$p" \
	    >"$out" 2>"$err"
	is "$_what: status of a backup" "$?" 3
	says "$_what: says so" "^litefleet: error: s3://test/p/[^ ]*: $_ere"
	is "$_what: once" "$(grep -ac '^litefleet: ' "$err")" 1
	is "$_what: before a database is read" \
	    "$(grep -c '/data/[0-9].db"' opened)" 0
	status 3 "$_what: status of a list" env "$@" "$lf" list "$_url"
	says "$_what: says so" "^litefleet: error: .*: $_ere"
	status 3 "$_what: status of a restore" env "$@" "$lf" restore \
	    -o x.db "${_url%%\?*}$scratch/data/1.db?${_url#*\?}"
	says "$_what: says so" "^litefleet: error: .*: $_ere"
}

status 0 "the right region" "$lf" backup --to "$s3&region=us-east-1" "$p"
names='400 AuthorizationHeaderMalformed: .*region is us-east-1( |$)'
wrong "of the URL" "$s3&region=eu-west-9" "$names"
wrong "of the environment" "$s3" "$names" AWS_REGION=eu-west-9
status 0 "the URL counts" env AWS_REGION=eu-west-9 "$lf" list \
    "$s3&region=us-east-1"
is "and all is there" "$(wc -l <"$out")" 3

# Where the answer's text does not name it, as AWS's to a HEAD, a header does.
answer header '400 Bad Request' "<Error><Code>\
AuthorizationHeaderMalformed</Code><Message>The region is wrong.</Message>\
</Error>" 'x-amz-bucket-region: eu-south-2' 'x-amz-request-id: R1'
respond header cat header
wrong "named by a header" "s3://test/p?endpoint=$url" \
    "400 AuthorizationHeaderMalformed: The region is wrong.; the bucket's \
region is eu-south-2 \(request R1\)$"
rm header.log
status 3 "a backup" "$lf" backup --state st-h --to "s3://test/p?endpoint=$url" \
    "$p"
is "asks once" "$(asked header ' HTTP/1.1')" 1
done_testing
