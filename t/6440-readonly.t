#!/bin/sh
# The file system of the store or the state becomes read-only in the middle of
# a run, for open files, too, as where the kernel finds it damaged: status 0 is
# only said of what is stored, the run ends and says why, and the next one, with
# the damage mended, makes good.  That of the data may be so, always.
. "$(dirname "$0")/lib.sh"

! nm -D "$lf" 2>/dev/null | grep -q __asan_init ||
	skip_all "the sanitizers' library has to be the first"
"$tools/mkfleet" "$scratch" 20 --wal-every 3 >/dev/null || exit 1
p="$scratch/data/**/*.db"
mkdir spool

stopped()
{
	for k in $(pgrep -P "$pid"); do
		grep -qs '^State:.T' "/proc/$k/status" && child=$k && return 0
	done
	return 1
}

# Hooks stop it again and again.
is_over()
{
	! stopped || kill -CONT "$child" 2>/dev/null
	! grep -qs '^State:.[^ZX]' "/proc/$pid/status"
}

equal()
{
	rm -rf back
	"$lf" restore-pattern -q --output-dir back "store$p" &&
	    diff -rq data back
}

# A store that is known, with one database of those that are to come.
fresh()
{
	rm -rf store state spool/faults
	find data -name '*.db' | sed -n 1p |
	    "$lf" upload -q --to store - >"$out" || fail "the first one"
}

# run WHERE POINT: it is read-only from the first database at POINT on.
run()
{
	child=
	LITEFLEET_HOOK=$2=stop LD_PRELOAD=$LITEFLEET_BUILD/t/fault.so \
	    FAULT_DIR=$scratch/$1 FAULT_KIND=readonly FAULT_ONE_IN=1 \
	    FAULT_SINCE=$scratch/since FAULT_LOG=$scratch/spool/faults \
	    start "$lfh" backup --jobs 1 --spool "$scratch/spool" --to store \
	    "$p"
	wait_for 30 stopped || fail "$1, $2: nobody got there"
	: >since
	wait_for 60 is_over || fail "$1, $2: it hangs"
	cp "$perr" "$err"
	ended "$pid"
	rc=$?
	rm since
}

for where in store state; do
	for point in image encode store store-tmp store-synced \
	    store-committed record state-grow state-put; do
		fresh
		run $where $point
		what="$where, $point"
		ok "$what: something could not be written" test -s spool/faults
		case $rc in
		0) ok "$what: it says all is safe, and is" equal ;;
		1 | 3) says "$what: it says that not all is safe, and why" \
		    'Read-only file system' ;;
		*) fail "$what: status $rc" ;;
		esac
		says_not "$what: no worker died" 'worker'
		status 0 "$what: the next run" "$lf" backup --to store "$p"
		ok "$what: makes good" equal
	done
done

# Records are only a help: who cannot write them has stored all the same.
fresh
run state record
is "no record can be written: status" "$rc" 0
is "which is said once" "$(grep -c 'the state cannot be written' "$err")" 1
ok "and all is stored" equal

fresh
run data image
is "the data: status" "$rc" 0
is "nothing was to be written" "$(cat spool/faults 2>&1)" \
    'cat: spool/faults: No such file or directory'
ok "all is stored" equal
done_testing
