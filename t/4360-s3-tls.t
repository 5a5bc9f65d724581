#!/bin/sh
# TLS with an authority of one's own: each way to name it, by each command;
# refused without, and where the name is wrong.
. "$(dirname "$0")/lib.sh"
s3_start_ceph
command -v openssl >/dev/null || skip_all "no openssl here"

for ca in ca other; do
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$ca" \
	    -keyout $ca.key -out $ca.pem 2>/dev/null
done
openssl req -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -keyout s.key \
    -out s.csr 2>/dev/null
printf 'subjectAltName=IP:127.0.0.1\n' >ext
openssl x509 -req -in s.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
    -extfile ext -out s.pem 2>/dev/null
cat s.pem s.key >server.pem
s3_pem=$scratch/server.pem
s3_front

mkdir data
for i in 1 2 3; do
	sql data/$i.db "CREATE TABLE t(x); INSERT INTO t VALUES($i)"
done
p="$scratch/data/*.db"
n=0

# all NAME STATUS OPTIONS... [VAR=VALUE...]: each command.  The words in front
# of "--" go to env(1).
all()
{
	_way=$1
	_want=$2
	shift 2
	_env=
	while [ "$1" != -- ]; do
		_env="$_env $1"
		shift
	done
	shift
	n=$((n + 1))
	# shellcheck disable=SC2086	# words
	status "$_want" "$_way: backup" env $_env "$lf" backup --json \
	    --state "st$n" "$@" --to "${s3%%\?*}/$n?${s3#*\?}" "$p"
	[ "$_want" -eq 0 ] || says "$_way: says why" "error: .*$_why"
	[ "$_want" -ne 0 ] || says_not "$_way: without a word" 'litefleet: '
	[ "$_want" -ne 0 ] || is "$_way: stores all" \
	    "$(jq -r 'select(.type == "summary") | .synced' "$out")" 3
	_of=$n
	[ "$_want" -eq 0 ] || _of=1
	# shellcheck disable=SC2086
	status "$_want" "$_way: list" env $_env "$lf" list "$@" \
	    "${s3%%\?*}/$_of?${s3#*\?}"
	# shellcheck disable=SC2086
	status "$_want" "$_way: restore" env $_env "$lf" restore -q "$@" \
	    -o "$n.db" "${s3%%\?*}/$_of$scratch/data/2.db?${s3#*\?}"
	[ "$_want" -ne 0 ] ||
		is "$_way: gives it back" "$(sql $n.db 'SELECT x FROM t')" 2
	# shellcheck disable=SC2086
	status "$_want" "$_way: restore --original" env $_env "$lf" restore \
	    -q "$@" --force --original \
	    "${s3%%\?*}/$_of$scratch/data/2.db?${s3#*\?}"
}

all "--ca-file" 0 -- --ca-file ca.pem
all "SSL_CERT_FILE" 0 SSL_CERT_FILE=ca.pem --
all "AWS_CA_BUNDLE" 0 AWS_CA_BUNDLE=ca.pem --
# Each process of each command can read what keys and trust come from.
mkdir -p home/.aws other/trust
cp ca.pem other/trust
printf '[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n' \
    "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" >home/.aws/credentials
all "keys of a file" 0 -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY \
    "HOME=$scratch/home" "AWS_CA_BUNDLE=$scratch/other/trust/ca.pem" --
all "--ca-file before the others" 0 SSL_CERT_FILE=other.pem \
    AWS_CA_BUNDLE=other.pem -- --ca-file ca.pem
whole=$s3
s3="$whole&sign-payload=0"
all "an unsigned payload" 0 -- --ca-file ca.pem
s3="$whole&skip-verify=1"
all "skip-verify" 0 --
s3=$whole
_why=certificate
all "without" 3 --
for way in "SSL_CERT_FILE=other.pem --" "AWS_CA_BUNDLE=other.pem --" \
    "-- --ca-file other.pem"; do
	# shellcheck disable=SC2086
	all "another authority ($way)" 3 $way
done
s3="${whole%%\?*}?endpoint=https://localhost:${whole##*:}"
all "another name" 3 -- --ca-file ca.pem
s3="$s3&skip-verify=1"
all "another name, skip-verify" 0 --
done_testing
