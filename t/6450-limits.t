#!/bin/sh
# Few descriptors, little memory (ulimit -n, -v): what is said to be safe is,
# whoever lacks too much says so in a line and with a status, and without the
# limit one run makes all good.
. "$(dirname "$0")/lib.sh"

"$tools/mkfleet" "$scratch" 300 --wal-every 3 >/dev/null || exit 1
sql data/big.db 'create table t(x);
    insert into t values(randomblob(9000000))'
p="$scratch/data/**/*.db"
mkdir spool

equal()
{
	rm -rf back
	"$lf" restore-pattern -q --output-dir back "store$p" &&
	    diff -rq data back
}

# A run without the limit; what killed a worker is in quarantine for a minute.
makes_good()
{
	"$lf" backup --to store "$p" 2>next
	_rc=$?
	cat next
	[ "$_rc" -eq 1 ] || return "$_rc"
	grep 'error:' next | grep -v 'in quarantine until' && return 1
	sed -n 's/^litefleet: error: \(.*\): in quarantine until.*/\1/p' next |
	    "$lf" upload -q --to store -
}

# limited LIMIT JOBS: one run with it.
limited()
{
	rm -rf store state
	# shellcheck disable=SC2086	# an option and a number
	(
		ulimit $1 || exit 99
		exec timeout 60 "$lf" backup --jobs "$2" \
		    --spool "$scratch/spool" --to store "$p"
	) >"$out" 2>"$err"
	rc=$?
}

for jobs in 1 16 64; do
	limited "-n 64" $jobs
	what="64 descriptors, $jobs jobs"
	if [ $jobs -lt 64 ]; then
		is "$what: status" "$rc" 0
		says "$what: all is stored" ' 301 databases, 301 synced'
		ok "$what: and is what it was" equal
	else
		# Not each can have a channel.
		is "$what: status" "$rc" 3
		says "$what: it says why" 'Too many open files'
	fi
	ok "$what: a run without the limit" makes_good
	ok "$what: all is good" equal
done
for limit in "-n 8" "-n 16" "-n 32"; do
	limited "$limit" 8
	what="ulimit $limit"
	case $rc in
	0) ok "$what: all is safe, it says" equal ;;
	1 | 3) says "$what: it says why ($rc)" 'Too many open files' ;;
	*)	fail "$what: status $rc"
		_show "it said" "$err"
		;;
	esac
	ok "$what: a run without it" makes_good
	ok "$what: all is good" equal
done

# A restore, too.  It has no more workers than transfers at once.
restored()
{
	"$lf" restore-pattern --jobs $jobs --parallel 64 --output-dir back \
	    "$@" "store$p"
}
for jobs in 2 32 64; do
	rm -rf back
	# shellcheck disable=SC3045	# each sh here has it
	(
		ulimit -n 64
		restored -q
	) >"$out" 2>"$err"
	rc=$?
	what="64 descriptors, $jobs jobs restore"
	if [ $jobs -lt 64 ]; then
		is "$what: status" "$rc" 0
	else
		# Not each can have a channel.
		is "$what: status" "$rc" 3
		says "$what: it says why" 'Too many open files'
		status 0 "$what: without the limit it goes on" restored -q --resume
	fi
	ok "$what: all is there" diff -r data back
done

if nm -D "$lf" 2>/dev/null | grep -q __asan_init; then
	skip "the sanitizers reserve terabytes"
else
	# From what the libraries alone take on.
	for mib in 28 40 56 96; do
		limited "-v $((mib * 1024))" 2
		what="$mib MiB"
		case $rc in
		0) ok "$what: all is safe, it says" equal ;;
		1 | 3) pass "$what: not all is safe, it says ($rc)" ;;
		127) ok "$what: no room for the program" \
		    grep -q 'shared librar' "$err" ;;
		134) says "$what: no room to begin" 'out of memory' ;;
		*)	fail "$what: status $rc"
			_show "it said" "$err"
			;;
		esac
		ok "$what: a run without the limit" makes_good
		ok "$what: all is good" equal
	done
fi
done_testing
