#!/bin/sh
# Temporary keys: the session token of a real server's STS is sent and signed,
# a wrong or an expired one is refused with status 3, and keys that live for
# seconds are renewed in time.
. "$(dirname "$0")/lib.sh"
s3_start_sts
s3_front

mkdir data
for i in 1 2 3; do
	sql data/$i.db "CREATE TABLE t(x); INSERT INTO t VALUES($i)"
done
p="$scratch/data/*.db"

# refused NAME ERE: by all three commands, before a database is read.
refused()
{
	ASAN_OPTIONS=detect_leaks=0 strace -f -qq -e trace=openat -o opened \
	    "$lf" backup --state "st-$_n" --to "$s3" "$p" >"$out" 2>"$err"
	is "$1: status of a backup" "$?" 3
	says "$1: says so" "^litefleet: error: s3://test/p/.*$2"
	is "$1: once" "$(grep -ac '^litefleet: ' "$err")" 1
	is "$1: before a database is read" \
	    "$(grep -c '/data/[0-9].db"' opened)" 0
	status 3 "$1: status of a list" "$lf" list "$s3"
	status 3 "$1: status of a restore" "$lf" restore -o x.db \
	    "${s3%%\?*}$scratch/data/1.db?${s3#*\?}"
}

access=$AWS_ACCESS_KEY_ID
secret=$AWS_SECRET_ACCESS_KEY
"$_s3/s3" session 600 >lease
set -a
# shellcheck source=/dev/null
. ./lease
set +a
status 0 "temporary keys: a backup" "$lf" backup --json --to "$s3" "$p"
is "stores all" "$(jq -r 'select(.type == "summary") | .synced' "$out")" 3
status 0 "a list" "$lf" list "$s3"
is "lists all" "$(wc -l <"$out")" 3
status 0 "a restore" "$lf" restore -q -o 2.db \
    "${s3%%\?*}$scratch/data/2.db?${s3#*\?}"
is "gives it back" "$(sql 2.db 'SELECT x FROM t')" 2
sql -cmd '.output /dev/null' big.db "CREATE TABLE t(x);
    INSERT INTO t SELECT randomblob(70000000)"
status 0 "an upload in parts" "$lf" upload --to "$s3" big.db
token=$AWS_SESSION_TOKEN
export AWS_SESSION_TOKEN="A${token#?}"
[ "$AWS_SESSION_TOKEN" != "$token" ] || AWS_SESSION_TOKEN="B${token#?}"
refused "a changed token" '(403 AccessDenied|400 InvalidArgument)'
AWS_SESSION_TOKEN="$token+"
refused "a longer token" '(403 AccessDenied|400 InvalidArgument)'
unset AWS_SESSION_TOKEN
refused "no token" '403 '

# Ceph says no more of an expired one.
(
	AWS_ACCESS_KEY_ID=$access AWS_SECRET_ACCESS_KEY=$secret \
	    "$_s3/s3" session 1 >lease
)
set -a
# shellcheck source=/dev/null
. ./lease
set +a
wait_for 5 _later_than $(($(_now_ms) + 1100))
refused "an expired token" '403 AccessDenied'

# AWS does; with keys that are only these it is not asked again.
answer expired '400 Bad Request' "<Error><Code>ExpiredToken</Code>\
<Message>The provided token has expired.</Message></Error>"
respond expired cat expired
front_s3=$s3
s3="s3://test/p?endpoint=$url"
refused "a token that AWS calls expired" \
    '400 ExpiredToken: the session token has expired'
rm expired.log
status 3 "a request" "$lf" list "s3://test?endpoint=$url"
is "is made once" "$(asked expired '^GET ')" 1
s3=$front_s3

# Keys that live for a few seconds, in a run that takes longer.
unset AWS_SESSION_TOKEN AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
life=6
cat >keys <<END
#!/bin/sh
AWS_ACCESS_KEY_ID=$access AWS_SECRET_ACCESS_KEY=$secret \
AWS_ENDPOINT_URL=$s3_endpoint "$_s3/s3" session $life |
    sed 's/^AWS_ACCESS_KEY_ID=/{"AccessKeyId":"/
	s/^AWS_SECRET_ACCESS_KEY=/","SecretAccessKey":"/
	s/^AWS_SESSION_TOKEN=/","Token":"/
	s/^expiration=\(.*\)/","Expiration":"\1"}/' | tr -d '\n' >keys.json
printf 'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n' \
    "\$(wc -c <keys.json)"
cat keys.json
END
chmod +x keys
respond keys ./keys
AWS_CONTAINER_CREDENTIALS_FULL_URI=$url/keys
AWS_CONTAINER_AUTHORIZATION_TOKEN=hiddentoken
export AWS_CONTAINER_CREDENTIALS_FULL_URI AWS_CONTAINER_AUTHORIZATION_TOKEN
mkdir slow
i=0
while [ "$i" -lt 50 ]; do
	i=$((i + 1))
	sql "slow/$i.db" "CREATE TABLE t(x);
	    INSERT INTO t SELECT randomblob(100000)"
done
s3_mark
began=$(_now_ms)
status 0 "a run of two workers that outlives its keys" "$lf" backup --json \
    --jobs 2 --concurrent 4 --limit-rate 400K --state slow-st --to "$s3" \
    "$scratch/slow/*.db"
took=$(($(_now_ms) - began))
is "stores all" "$(jq -r 'select(.type == "summary") | .synced' "$out")" 50
is "no request was made again" \
    "$(jq -r 'select(.type == "summary") | .requests_again' "$out")" 0
is "none was refused" "$(s3_seen '^[A-Z]+ 4[0-9][0-9] [^/]*/test/p/slow')" 0
ok "it took longer than keys live ($took ms)" test "$took" -gt $((life * 1000))
n=$(asked keys '^GET /keys ')
ok "new ones were asked for ($n times)" test "$n" -ge 4
is "with the container's token" "$(asked keys '^Authorization: hiddentoken')" \
    "$n"
ok "and not for every request" test "$n" -le $((2 + took / 1000))
done_testing
