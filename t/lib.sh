# shellcheck shell=sh
# shellcheck disable=SC2034	# what it sets, tests use
#
# lib.sh -- what every shell test stands on.  A test is an executable
# t/NNNN-area.t that begins with
#
#	#!/bin/sh
#	. "$(dirname "$0")/lib.sh"
#
# and ends with done_testing.  It prints TAP, runs from any directory, and
# leaves nothing behind: all it makes is below $scratch, which is also the
# working directory (LITEFLEET_KEEP=1 keeps it), and each process it began
# with start is ended.  Never call the functions that count in a subshell or
# on the right side of a pipe: the count would be lost.
#
#	$top	$scratch	the source tree; the test's own directory
#	$lf	$lfh		litefleet; litefleet with the test hooks
#	$tools			where mkfleet and writer are
#	$out	$err		what the last "status" printed
#
#	ok NAME CMD...		CMD must succeed
#	not_ok NAME CMD...	CMD must fail
#	status N NAME CMD...	CMD must exit with N; keeps $out and $err
#	says NAME ERE		stderr of the last "status" has such a line
#	prints NAME ERE		stdout of the last "status" has such a line
#	says_not, prints_not	... has no such line
#	is NAME GOT WANT	two strings are equal
#	pass NAME, fail NAME	decided by the caller
#	skip REASON [N]		N tests are left out
#	skip_all REASON		the whole file is left out
#	wait_for SECONDS CMD...	until CMD succeeds; fails at the deadline
#	not_racy		until what changed before now is not racy
#	start PROGRAM ARGS...	in the background; sets $pid, $pout, $perr
#	stop PID [SIGNAL]	ends it (TERM) and returns its exit status
#	ended PID		waits until it has ended; returns its exit status
#	sql DB SQL		what the sqlite3 shell prints
#	as_nobody CMD...	as another user (root only, see can_be_nobody)
#	use_store		the test is one of LITEFLEET_STORE=dir or s3:
#				stores are called "${base}NAME"; skips all
#	objects STORE [BELOW]	names of the backups there, sorted
#	object STORE NAME	the bytes of one
#	put_object STORE NAME	standard input becomes one
#	start_manager		listens at manager.sock as a service manager
#				does, into manager.log; sets $manager
#	s3_start		a private S3 server; skips all if there is none
#	s3_start_ceph		a Ceph, or skips all
#	s3_start_sts		one that gives temporary keys (t/s3/s3 session)
#	s3_front		HAProxy before it (t/s3/haproxy), with TLS if
#				$s3_pem has a certificate and its key; $front
#				is its directory; skips all if there is none
#	s3_faults FAULT=N ...	what it does to requests from now on
#	s3_mark			from now on ...
#	s3_seen ERE		how many requests it saw that match
#	respond NAME PROGRAM...	t/s3/responder before the server; $url is where,
#				NAME.log what it was asked
#	asked NAME ERE		how many lines of that match
#	answer FILE STATUS BODY [HEADER...]	what such a PROGRAM may print
#	done_testing		the plan; last line of the test

set -u

# Who does not lie in t itself says where the tree is.
: "${top:=$(cd "$(dirname "$0")/.." && pwd -P)}"
: "${LITEFLEET_BUILD:=$top/build}"
export LITEFLEET_BUILD
if [ -x "$LITEFLEET_BUILD/../litefleet" ]; then
	lf=$(cd "$LITEFLEET_BUILD/.." && pwd -P)/litefleet
else
	lf=$top/litefleet
fi
lfh=$LITEFLEET_BUILD/litefleet-hook
tools=$LITEFLEET_BUILD/t

scratch=$(mktemp -d "${TMPDIR:-/tmp}/litefleet-t.XXXXXX") || exit 1
scratch=$(cd "$scratch" && pwd -P)
mkdir "$scratch/.lib" || exit 1
out=$scratch/.lib/out
err=$scratch/.lib/err
: >"$out" && : >"$err"
_started=0
_n=0
_failed=0
_pids=

# Nothing of the machine or of its user reaches a test, or is reached by it.
LC_ALL=C
TZ=UTC
HOME=$scratch/.lib
STATE_DIRECTORY=$scratch/state
export LC_ALL TZ HOME STATE_DIRECTORY
unset LITEFLEET_TO XDG_STATE_HOME JOURNAL_STREAM NOTIFY_SOCKET
if [ -z "${LITEFLEET_TEST_S3:-}" ]; then
	for _v in $(env | sed -n 's/^\(AWS_[A-Z0-9_]*\)=.*/\1/p'); do
		unset "$_v"
	done
fi
unset SSL_CERT_FILE SSL_CERT_DIR LITESTREAM_ACCESS_KEY_ID \
    LITESTREAM_SECRET_ACCESS_KEY
unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY
AWS_EC2_METADATA_DISABLED=true
export AWS_EC2_METADATA_DISABLED
_s3=$top/t/s3
_s3_foreign=
_servers=

_cleanup()
{
	# Those that a test has stopped go on, to be ended.
	for _p in $_pids; do
		kill -CONT "$_p" 2>/dev/null
	done
	for _p in $_pids; do
		kill -TERM "$_p" 2>/dev/null
	done
	for _p in $_pids; do
		_deadline=$(($(_now_ms) + 5000))
		while kill -0 "$_p" 2>/dev/null; do
			[ "$(_now_ms)" -lt "$_deadline" ] || kill -KILL "$_p"
			sleep 0.02
		done
		wait "$_p" 2>/dev/null
	done
	[ -z "$_s3_foreign" ] || "$_s3/s3" rm "$s3_bucket" "$s3_prefix/"
	for _p in $_servers; do
		"$_s3/$_p" stop "$scratch/.$_p"
	done
	cd /
	if [ -n "${LITEFLEET_KEEP:-}" ]; then
		echo "# kept: $scratch"
	else
		chmod -R u+rwX "$scratch" 2>/dev/null
		rm -rf "$scratch"
	fi
}
trap _cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 141' PIPE
trap 'exit 143' TERM
cd "$scratch" || exit 1
exec </dev/null

_now_ms()
{
	date +%s%3N
}

pass()
{
	_n=$((_n + 1))
	printf 'ok %d - %s\n' "$_n" "$1"
}

fail()
{
	_n=$((_n + 1))
	_failed=$((_failed + 1))
	printf 'not ok %d - %s\n' "$_n" "$1"
}

# Lines for the reader of a failed test.
diag()
{
	printf '%s\n' "$*" | sed 's/^/# /'
}

# At most 30 lines of a file, for the same reader.
_show()
{
	[ -s "$2" ] || return 0
	diag "$1:"
	tr -c '\11\12\40-\176' '?' <"$2" | sed -n '1,30s/^/#   /p'
}

ok()
{
	_name=$1
	shift
	"$@" >"$scratch/.lib/ok" 2>&1
	_rc=$?
	if [ "$_rc" -eq 0 ]; then
		pass "$_name"
	else
		fail "$_name"
		diag "exit status $_rc: $*"
		_show output "$scratch/.lib/ok"
	fi
	return "$_rc"
}

not_ok()
{
	_name=$1
	shift
	if "$@" >"$scratch/.lib/ok" 2>&1; then
		fail "$_name"
		diag "should have failed: $*"
		_show output "$scratch/.lib/ok"
		return 1
	fi
	pass "$_name"
}

status()
{
	_want=$1
	_name=$2
	shift 2
	"$@" >"$out" 2>"$err"
	_rc=$?
	if [ "$_rc" -eq "$_want" ]; then
		pass "$_name"
		return 0
	fi
	fail "$_name"
	diag "exit status $_rc instead of $_want: $*"
	_show stdout "$out"
	_show stderr "$err"
	return 1
}

_greps()
{
	if grep -aqE -e "$2" "$3"; then
		pass "$1"
		return 0
	fi
	fail "$1"
	diag "no line matches: $2"
	_show "it said" "$3"
	return 1
}

_greps_not()
{
	if grep -aqE -e "$2" "$3"; then
		fail "$1"
		diag "a line matches: $2"
		_show "it said" "$3"
		return 1
	fi
	pass "$1"
}

says()
{
	_greps "$1" "$2" "$err"
}

says_not()
{
	_greps_not "$1" "$2" "$err"
}

prints()
{
	_greps "$1" "$2" "$out"
}

prints_not()
{
	_greps_not "$1" "$2" "$out"
}

is()
{
	if [ "$2" = "$3" ]; then
		pass "$1"
		return 0
	fi
	fail "$1"
	diag "got:  $2"
	diag "want: $3"
	return 1
}

skip()
{
	_i=${2:-1}
	while [ "$_i" -gt 0 ]; do
		_n=$((_n + 1))
		printf 'ok %d # SKIP %s\n' "$_n" "$1"
		_i=$((_i - 1))
	done
}

skip_all()
{
	printf '1..0 # SKIP %s\n' "$1"
	exit 0
}

wait_for()
{
	_deadline=$(($(_now_ms) + $1 * 1000))
	shift
	until "$@" >/dev/null 2>&1; do
		if [ "$(_now_ms)" -ge "$_deadline" ]; then
			diag "waited in vain: $*"
			return 1
		fi
		sleep 0.02
	done
}

_later_than()
{
	[ "$(_now_ms)" -ge "$1" ]
}

# A record whose times lie within 2 s of the look at them is read again, so
# wait until that is over for all that was written up to now.
not_racy()
{
	_t=$(($(_now_ms) + 2100))
	wait_for 5 _later_than "$_t"
}

start()
{
	_started=$((_started + 1))
	pout=$scratch/.lib/$_started.out
	perr=$scratch/.lib/$_started.err
	: >"$pout" && : >"$perr"
	# A signal that comes before the child has put our traps away would end
	# it with status 0, so wait until it has.
	(
		trap - EXIT HUP INT PIPE TERM
		: >"$scratch/.lib/$_started.up"
		exec "$@" >"$pout" 2>"$perr"
	) &
	pid=$!
	_pids="$_pids $pid"
	wait_for 10 test -e "$scratch/.lib/$_started.up"
}

stop()
{
	kill "-${2:-TERM}" "$1" 2>/dev/null
	ended "$1"
}

# It is forgotten, since its number may be another's from now on.
ended()
{
	wait "$1" 2>/dev/null
	_rc=$?
	_rest=
	for _p in $_pids; do
		[ "$_p" = "$1" ] || _rest="$_rest $_p"
	done
	_pids=$_rest
	return "$_rc"
}

sql()
{
	sqlite3 -batch -cmd '.timeout 5000' "$@"
}

can_be_nobody()
{
	[ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null 2>&1
}

# The scratch directory is opened to other users the first time.
as_nobody()
{
	chmod 755 "$scratch"
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

start_manager()
{
	cat >manager <<-'PY'
		import socket
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind("manager.sock")
		open("manager.up", "w").close()
		while True:
		    with open("manager.log", "ab") as f:
		        f.write(s.recv(65536).replace(b"\n", b"|") + b"\n")
	PY
	start python3 manager
	manager=$pid
	wait_for 10 test -e manager.up
}

# _server NAME ARGS...: begin t/s3/NAME in $scratch/.NAME, or skip all.
_server()
{
	_name=$1
	shift
	_servers="$_name $_servers"
	"$_s3/$_name" start "$scratch/.$_name" "$@" >"$scratch/.lib/$_name" 2>&1
	_rc=$?
	[ "$_rc" -ne 0 ] || return 0
	_servers=${_servers#* }
	[ "$_rc" -ne 77 ] || skip_all "$(cat "$scratch/.lib/$_name")"
	_show "$_name" "$scratch/.lib/$_name"
	echo "Bail out! t/s3/$_name does not start"
	exit 1
}

# Sets $s3 (a URL that says everything), $s3_bucket, $s3_prefix, $s3_endpoint
# and AWS_... for t/s3/s3 and litefleet.  LITEFLEET_TEST_S3=URL: there, below
# the prefix, with the AWS_... that the caller has; LITEFLEET_S3_SERVER: which
# of t/s3 (ceph).
s3_start()
{
	if [ -n "${LITEFLEET_TEST_S3:-}" ]; then
		_url=${LITEFLEET_TEST_S3#s3://}
		_path=${_url%%\?*}
		s3_bucket=${_path%%/*}
		s3_prefix=${_path#"$s3_bucket"}/t.$$.$(_now_ms)
		s3_prefix=${s3_prefix#/}
		case $_url in
		*[?\&]endpoint=*)
			s3_endpoint=${_url#*[?&]endpoint=}
			s3_endpoint=${s3_endpoint%%&*}
			;;
		*)
			s3_endpoint=https://s3.${AWS_REGION:-us-east-1}\
.amazonaws.com
			;;
		esac
		_s3_foreign=1
	else
		s3_server=${LITEFLEET_S3_SERVER:-ceph}
		_server "$s3_server"
		s3_bucket="test"
		s3_prefix=p
		s3_endpoint=$(cat "$scratch/.$s3_server/endpoint")
		set -a
		# shellcheck source=/dev/null
		. "$scratch/.$s3_server/keys"
		set +a
	fi
	AWS_ENDPOINT_URL=$s3_endpoint
	export AWS_ENDPOINT_URL
	[ -n "$_s3_foreign" ] || "$_s3/s3" mb "$s3_bucket" || exit 1
	s3="s3://$s3_bucket/$s3_prefix?endpoint=$s3_endpoint"
}

# As s3_start, for what only a server of our own can be made to do: a user is
# suspended, the gateway dies.
s3_start_ceph()
{
	unset LITEFLEET_TEST_S3
	[ "${LITEFLEET_S3_SERVER:-ceph}" = ceph ] ||
		skip_all "done with Ceph only"
	s3_start
}

# As s3_start_ceph, of a gateway that gives temporary keys (t/s3/s3 session).
# Only there, since it then says of wrong keys no more than "AccessDenied".
s3_start_sts()
{
	command -v openssl >/dev/null || skip_all "no openssl here"
	CEPH_GATEWAY='rgw s3 auth use sts = true
rgw sts key = litefleetstskey1'
	export CEPH_GATEWAY
	s3_start_ceph
	"$_s3/s3" form iam Action=PutUserPolicy UserName=test PolicyName=sts \
	    'PolicyDocument={"Version": "2012-10-17", "Statement": [{"Effect":
	    "Allow", "Action": "sts:GetSessionToken", "Resource": "*"}]}' \
	    >/dev/null || exit 1
}

s3_front()
{
	case $s3_endpoint in
	https:*) skip_all "$s3_endpoint cannot be looked into" ;;
	esac
	front=$scratch/.haproxy
	_server haproxy "${s3_endpoint#http://}" ${s3_pem:+"$s3_pem"}
	AWS_ENDPOINT_URL=$(cat "$front/endpoint")
	s3="s3://$s3_bucket/$s3_prefix?endpoint=$AWS_ENDPOINT_URL"
}

s3_faults()
{
	"$_s3/haproxy" set "$front" "$@"
}

s3_mark()
{
	_seen=$(wc -c <"$front/log/requests")
}

s3_seen()
{
	tail -c "+$((${_seen:-0} + 1))" "$front/log/requests" |
	    grep -acE -e "$1"
}

respond()
{
	_name=$1
	shift
	start "$_s3/responder" "$scratch/$_name.log" \
	    "${s3_endpoint#http://}" "$@"
	wait_for 10 test -s "$pout" || exit 1
	url=http://127.0.0.1:$(cat "$pout")
}

asked()
{
	grep -acE -e "$2" "$scratch/$1.log"
}

answer()
{
	_name=$1
	_status=$2
	_body=$3
	shift 3
	printf 'HTTP/1.1 %s\r\nContent-Length: %d\r\n' "$_status" \
	    "${#_body}" >"$_name"
	[ $# -eq 0 ] || printf '%s\r\n' "$@" >>"$_name"
	printf 'Connection: close\r\n\r\n%s' "$_body" >>"$_name"
}

use_store()
{
	base=
	case ${LITEFLEET_STORE:=dir} in
	dir) ;;
	s3)
		s3_start
		base=s3://$s3_bucket/$s3_prefix/
		;;
	*) skip_all "LITEFLEET_STORE is dir or s3" ;;
	esac
}

objects()
{
	if [ "$LITEFLEET_STORE" = dir ]; then
		find "$1${2:+/$2}" -name '*.db.lz4' 2>/dev/null
	else
		"$_s3/s3" ls "$s3_bucket" "$s3_prefix/$1/${2:+$2/}" |
		    grep -a '\.db\.lz4$' | sed "s,^$s3_prefix/,,"
	fi | sed "s,^$1/,," | sort
}

object()
{
	if [ "$LITEFLEET_STORE" = dir ]; then
		cat "$1/$2"
	else
		"$_s3/s3" cat "$s3_bucket" "$s3_prefix/$1/$2"
	fi
}

put_object()
{
	if [ "$LITEFLEET_STORE" = dir ]; then
		mkdir -p "$(dirname "$1/$2")"
		cat >"$1/$2"
	else
		"$_s3/s3" put "$s3_bucket" "$s3_prefix/$1/$2"
	fi
}

done_testing()
{
	printf '1..%d\n' "$_n"
	[ "$_failed" -eq 0 ]
	exit
}
