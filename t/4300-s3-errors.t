#!/bin/sh
# What S3 refuses and why it cannot be reached: status 3, one sentence, before
# any database is read; and no secret in any message.
. "$(dirname "$0")/lib.sh"
s3_start_ceph
command -v openssl >/dev/null || skip_all "no openssl here"
unset AWS_ENDPOINT_URL

mkdir data
for i in 1 2 3; do
	sql data/$i.db "CREATE TABLE t(x)"
done
p="$scratch/data/*.db"
ro=$scratch/.lib/opened

# Lines that name a key's secret, a signature or a token.
secret='testsecretkey|hiddensecret|hiddentoken|Signature=|Credential='

# one NAME ERE URL [OPTION...]: all three commands fail, for a reason that
# matches.  All at once, since what may pass is tried again.  $tries: how often
# each of them tried.
one()
{
	_what=$1
	_ere=$2
	case $3 in
	*\?*) url=$3 ;;
	*) url="$3?endpoint=$s3_endpoint" ;;
	esac
	shift 3
	# A leak checker cannot work under strace.
	ASAN_OPTIONS=detect_leaks=0 strace -f -qq -e trace=openat -o "$ro" \
	    "$lf" backup -vv --jobs 2 --state "st-$_n" --to "$url" "$@" \
	    "$p" >b.out 2>b.err &
	_b=$!
	"$lf" list -vv "$@" "$url" >l.out 2>l.err &
	_l=$!
	"$lf" restore -vv "$@" -o x.db "${url%%\?*}/1${url#"${url%%\?*}"}" \
	    >r.out 2>r.err &
	_r=$!
	for _c in b l r; do
		eval "wait \$_$_c"
		is "$_what: status ($_c)" "$?" 3
		cp $_c.err "$err"
		says "$_what: says so ($_c)" "^litefleet: error: .*($_ere)"
		is "$_what: once ($_c)" "$(grep -ac '^litefleet: ' "$err")" 1
		says_not "$_what: without a secret ($_c)" "$secret"
	done
	is "$_what: before a database is read" \
	    "$(grep -c '/data/[0-9].db"' "$ro")" 0
	not_ok "$_what: and nothing is made" test -e x.db
	tries=$(for _c in b l r; do
		grep -ac ', try [0-9]*$' $_c.err
	done | tr '\n' ' ')
}

good_access=$AWS_ACCESS_KEY_ID
good_secret=$AWS_SECRET_ACCESS_KEY

status 0 "all is well" "$lf" backup -vv --state st --to "$s3" "$p"
says_not "and no secret is said" "$secret"
says "each request is" '^PUT s3://test/p/.*: 200, '

AWS_SECRET_ACCESS_KEY=hiddensecret
one "wrong secret" 'SignatureDoesNotMatch' s3://test/p
AWS_SECRET_ACCESS_KEY=$good_secret
AWS_ACCESS_KEY_ID=nobody
one "unknown key" 'InvalidAccessKeyId' s3://test/p
AWS_ACCESS_KEY_ID=$good_access
one "missing bucket" 'nosuchbucket.*create' s3://nosuchbucket/p

port=${s3_endpoint##*:}
one "refused connection" 'refuses the connection' \
    "s3://test/p?endpoint=http://127.0.0.1:1" --connect-timeout 1s
is "it may be about to start" "$tries" "3 3 3 "
one "no such host" "litefleet-test.invalid" \
    "s3://test/p?endpoint=http://litefleet-test.invalid:$port" \
    --connect-timeout 1s
is "its name may come" "$tries" "3 3 3 "
began=$(_now_ms)
status 3 "nobody listens" "$lf" list 's3://test/p?endpoint=http://127.0.0.1:1'
ok "is said soon" test $(($(_now_ms) - began)) -lt 2000
# No answer at all.
start perl -MIO::Socket::INET -e '
	$| = 1;
	$s = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 50);
	print $s->sockport, "\n";
	sleep 600;'
wait_for 5 test -s "$pout"
one "silence" '[Tt]ime|progress' \
    "s3://test/p?endpoint=http://127.0.0.1:$(cat "$pout")" \
    --request-timeout 200ms
# Ten each, but those beyond five within 20 s.
ok "who can be connected to has all tries ($tries)" \
    expr "$tries" : '\([789] \|10 \)\{3\}$'
stop "$pid"
# Something that is not S3.
start perl -MIO::Socket::INET -e '
	$| = 1;
	$s = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 50);
	print $s->sockport, "\n";
	while ($c = $s->accept) {
		sysread $c, $b, 65536;
		print $c "220 mail.example.org ESMTP\r\n";
		close $c;
	}'
wait_for 5 test -s "$pout"
one "another protocol" '127.0.0.1' \
    "s3://test/p?endpoint=http://127.0.0.1:$(cat "$pout")" \
    --request-timeout 1s
stop "$pid"

# A user that may not; one that may not any more.
AWS_ACCESS_KEY_ID=otheraccesskey
AWS_SECRET_ACCESS_KEY=testsecretkeyofanother
"$_s3/ceph" admin "$scratch/.ceph" user create --uid=other \
    --display-name=other --access-key="$AWS_ACCESS_KEY_ID" \
    --secret-key="$AWS_SECRET_ACCESS_KEY" >/dev/null 2>&1
one "denied" '403 AccessDenied' s3://test/p
AWS_ACCESS_KEY_ID=$good_access
AWS_SECRET_ACCESS_KEY=$good_secret
"$_s3/ceph" admin "$scratch/.ceph" user suspend --uid=test >/dev/null 2>&1
one "suspended" '403 (UserSuspended|AccessDenied)' s3://test/p
"$_s3/ceph" admin "$scratch/.ceph" user enable --uid=test >/dev/null 2>&1
status 0 "enabled again" "$lf" list "$s3"

# TLS: a certificate of our own authority.
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=litefleet-test \
    -keyout ca.key -out ca.pem 2>/dev/null
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=another \
    -keyout other.key -out other.pem 2>/dev/null
openssl req -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -keyout s.key \
    -out s.csr 2>/dev/null
printf 'subjectAltName=IP:127.0.0.1\n' >ext
openssl x509 -req -in s.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
    -extfile ext -out s.pem 2>/dev/null
cat s.pem s.key >server.pem
s3_pem=$scratch/server.pem
s3_front
tls=$AWS_ENDPOINT_URL
unset AWS_ENDPOINT_URL
one "TLS that nobody vouches for" \
    'certificate.*--ca-file, SSL_CERT_FILE or AWS_CA_BUNDLE' \
    "s3://test/p?endpoint=$tls"
is "is final" "$tries" "1 1 1 "
one "TLS with another authority" 'certificate' "s3://test/p?endpoint=$tls" \
    --ca-file "$scratch/other.pem"
is "is final, too" "$tries" "1 1 1 "
one "TLS of another host" 'certificate.*another host' \
    "s3://test/p?endpoint=https://localhost:${tls##*:}" \
    --ca-file "$scratch/ca.pem"
is "is it as well" "$tries" "1 1 1 "
s3="s3://test/p?endpoint=$tls"
status 0 "with --ca-file it is trusted" "$lf" list --ca-file ca.pem "$s3"
status 0 "by backup too" "$lf" backup --json --state st --ca-file ca.pem \
    --to "s3://test/tls?endpoint=$tls&sign-payload=0" "$p"
is "which stores" "$(jq -r 'select(.type == "summary") | .synced' "$out")" 3
status 0 "and restore" "$lf" restore -q -o tls.db --ca-file ca.pem \
    "s3://test/p$scratch/data/1.db?endpoint=$tls"
for var in SSL_CERT_FILE AWS_CA_BUNDLE; do
	status 0 "with $var too" env "$var=$scratch/ca.pem" "$lf" list "$s3"
done
status 0 "and if told not to look" "$lf" list "$s3&skip-verify=1"
status 2 "a file that is not there" "$lf" list --ca-file none.pem "$s3"
says "is named" none.pem
one "TLS where there is none" '127.0.0.1' \
    "s3://test/p?endpoint=https://127.0.0.1:$port" --connect-timeout 1s
one "none where there is TLS" '400|127.0.0.1' \
    "s3://test/p?endpoint=http://${tls#https://}" --connect-timeout 1s

# Over quota: what does not fit has failed, each is named, the rest is safe.
s3="s3://test/p?endpoint=$s3_endpoint"
"$_s3/ceph" admin "$scratch/.ceph" quota set --quota-scope=user --uid=test \
    --max-objects=1 >/dev/null 2>&1
"$_s3/ceph" admin "$scratch/.ceph" quota enable --quota-scope=user \
    --uid=test >/dev/null 2>&1
sql data/1.db 'INSERT INTO t VALUES(1)'
quota_felt()
{
	sql data/2.db 'INSERT INTO t VALUES(1)'
	"$lf" backup --state st --to "$s3" "$p" >"$out" 2>"$err"
	[ "$?" -eq 1 ]
}
ok "over quota a backup fails with status 1" wait_for 30 quota_felt
says "a database is named" 'error: .*/data/[12].db.*: 403 QuotaExceeded'
is "once" "$(grep -ac "error: .*$scratch/data/2.db/" "$err")" 1
"$_s3/ceph" admin "$scratch/.ceph" quota disable --quota-scope=user \
    --uid=test >/dev/null 2>&1
catches_up()
{
	"$lf" backup --state st --to "$s3" "$p" >"$out" 2>"$err"
}
ok "and the next good run catches up" wait_for 30 catches_up
done_testing
