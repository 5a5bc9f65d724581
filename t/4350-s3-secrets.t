#!/bin/sh
# No secret is ever said or written: at every level, in both formats, when all
# is well and when it is not; neither in the state nor among the arguments.
. "$(dirname "$0")/lib.sh"
s3_start_sts
s3_front

mkdir data said
for i in 1 2 3; do
	sql data/$i.db "CREATE TABLE t(x); INSERT INTO t VALUES($i)"
done
p="$scratch/data/*.db"
access=$AWS_ACCESS_KEY_ID
long_secret=$AWS_SECRET_ACCESS_KEY
"$_s3/s3" session 600 >lease
set -a
# shellcheck source=/dev/null
. ./lease
set +a

# What must nowhere be: secrets, tokens, and the headers that are made of them.
{
	printf '%s\n' "$long_secret" "$AWS_SECRET_ACCESS_KEY" \
	    "$AWS_SESSION_TOKEN" "$(printf %s "$AWS_SESSION_TOKEN" |
	    cut -c1-40)" hiddentoken hiddensecret Authorization \
	    AWS4-HMAC-SHA256 Signature= Credential= \
	    -amz-security-token
} >secrets

# run NAME STATUS OPTION... [VAR=VALUE...]: all commands with all levels.
run()
{
	_name=$1
	_want=$2
	shift 2
	for how in -q '' -v -vv '-vv --log-format json'; do
		_n1=$((${_n1:-0} + 1))
		for i in 1 2 3; do
			sql data/$i.db "UPDATE t SET x = x + 10"
		done
		_rc=
		# shellcheck disable=SC2086	# two words
		env "$@" "$lf" backup $how --state "said/st" --to "$s3" \
		    "$p" >"said/$_n1.b.out" 2>"said/$_n1.b.err"
		_rc="$_rc $?"
		# shellcheck disable=SC2086
		env "$@" "$lf" list $how "$s3" \
		    >"said/$_n1.l.out" 2>"said/$_n1.l.err"
		_rc="$_rc $?"
		# shellcheck disable=SC2086
		env "$@" "$lf" restore $how -o "x$_n1.db" \
		    "${s3%%\?*}$scratch/data/1.db?${s3#*\?}" \
		    >"said/$_n1.r.out" 2>"said/$_n1.r.err"
		_rc="$_rc $?"
		is "$_name ($how): status" "$_rc" " $_want $_want $_want"
	done
	grep -raF -f secrets said >found
	is "$_name: no secret is said" "$(wc -l <found)" 0 || _show said found
}

run "all is well" 0 A=
ok "requests were shown" grep -q '^PUT s3://test/.*: 200' said/4.b.err
ok "and are in JSON" jq -e .level said/5.b.err
run "a changed token" 3 AWS_SESSION_TOKEN="hiddentoken$AWS_SESSION_TOKEN"
run "no token" 3 -u AWS_SESSION_TOKEN
run "a wrong secret" 3 AWS_SECRET_ACCESS_KEY=hiddensecret
run "half a pair" 2 -u AWS_ACCESS_KEY_ID
run "a secret with a blank" 2 AWS_SECRET_ACCESS_KEY="hiddensecret x"
run "a token with a line break" 2 AWS_SESSION_TOKEN="hiddentoken
Authorization: x"
s3_faults f307=10000
run "redirected" 0 A=
s3_faults f307=0 f500=2000 reset=1000
run "a bad network" 0 A=
s3_faults f500=0 reset=0

# A server that says our headers back to us, as messages of some do.
cat >parrot <<'END'
#!/bin/sh
tr -d '\0\r' >req.$$
case $1 in
token) said=$(sed -n 's/^x-amz-security-token: *//Ip' req.$$) ;;
*) said=$(sed -n 's/^authorization: *//Ip' req.$$) ;;
esac
rm req.$$
body="<Error><Code>AccessDenied</Code><Message>This is not right: \
$said</Message></Error>"
printf 'HTTP/1.1 403 Forbidden\r\nContent-Length: %d\r\n\r\n%s' \
    "${#body}" "$body"
END
chmod +x parrot
for what in token authorization; do
	respond "$what" ./parrot "$what"
	s3="s3://test/p?endpoint=$url"
	run "our $what is said back" 3 A=
	ok "it was" grep -q "403 AccessDenied" "said/$_n1.b.err"
	ok "after it was sent" test "$(asked "$what" '^Authorization: AWS4')" \
	    -ge 3 -a "$(asked "$what" '^x-amz-security-token: ')" -ge 3
done

# Among the arguments of all its processes.
unset AWS_SESSION_TOKEN AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
some=$scratch/data/1.db
sql "$some" 'UPDATE t SET x = x + 1'
LITEFLEET_HOOK="image=stop:$some" start "$lfh" backup -vv --jobs 1 \
    --state said/st --to "s3://test/p?endpoint=$s3_endpoint" \
    --access-key "$access" --secret-key "$long_secret" "$p"
ok "a run is under way" wait_for 10 sh -c \
    "grep -q '^State:.T' /proc/\$(pgrep -P $pid)/status"
for _p in $pid $(pgrep -P "$pid"); do
	cat "/proc/$_p/cmdline"
done >said/cmdline
ok "its arguments can be read" grep -q -e --secret-key said/cmdline
pkill -CONT -P "$pid"
wait "$pid"
is "it ends well" "$?" 0
cat "$pout" "$perr" >said/last
grep -raF -f secrets said >found
is "and its arguments and words hold no secret" "$(wc -l <found)" 0 ||
    _show said found
ok "the state is among what was looked at" test -d said/st
ok "and a secret would have been found" grep -qF -f secrets lease
done_testing
