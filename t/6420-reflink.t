#!/bin/sh
# Of a large database the SHARED lock lasts no longer than one copy, and where
# the file system shares extents (FICLONE) next to nothing: what its writer in
# DELETE mode waits for.
if [ -z "${LITEFLEET_UNSHARED:-}" ] && [ "$(id -u)" -eq 0 ] &&
    unshare -m true 2>/dev/null; then
	LITEFLEET_UNSHARED=1 exec unshare -m "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
PATH=$PATH:/usr/sbin:/sbin

MIB=100
make_large()
{
	sql "$1" "create table t(n);insert into t values(0);
	    create table pad(x);
	    with recursive c(i) as (select 1 union all select i + 1 from c
	    where i < $MIB) insert into pad select randomblob(1040000) from c"
}

# Can its writer commit at once?
commits()
{
	sqlite3 -batch "$1" 'update t set n = n + 1' 2>/dev/null
}

stopped()
{
	for k in $(pgrep -P "$1"); do
		grep -qs '^State:.T' "/proc/$k/status" && child=$k
	done
	[ -n "$child" ]
}

# stop_at POINT DIR: a backup of DIR/a.db stops there; $child is the worker.
stop_at()
{
	child=
	rm -rf store state
	LITEFLEET_HOOK="$1=stop" start "$lfh" backup -q --jobs 1 \
	    --spool "$2/spool" --to store "$2/a.db"
	wait_for 30 stopped "$pid"
}

go_on()
{
	while [ -e "/proc/$pid/stat" ] && [ -n "$(pgrep -P "$pid")" ]; do
		kill -CONT "$child" 2>/dev/null
		sleep 0.02
	done
	ended "$pid"
}

# Milliseconds from the first SHARED lock to the last, of one backup by strace.
locked_ms()
{
	rm -rf store state
	# (The leak sanitizer of a DEV=1 build cannot work below it.)
	ASAN_OPTIONS=detect_leaks=0 strace -f -ttt \
	    -e trace=fcntl,ioctl,copy_file_range -o trace "$lf" backup -q \
	    --jobs 1 --spool "$1/spool" --to store "$1/a.db" ||
		return 1
	awk '/F_RDLCK.*l_start=1073741826/ && !a { a = $2 }
	    a && /F_UNLCK.*l_start=0,/ && !b { b = $2 }
	    END { if (!b) exit 1; printf "%d\n", (b - a) * 1000 + 0.5 }' trace
}

copy_ms()
{
	_t0=$(_now_ms)
	cp --reflink=never "$1/a.db" "$1/copy" || return 1
	echo $(($(_now_ms) - _t0))
	rm -f "$1/copy"
}

# What holds wherever it lies: $1.
lasts_one_copy()
{
	name=${1##*/}
	stop_at image-read "$1"
	not_ok "$name: no commit while it is read" commits "$1/a.db"
	[ "$2" != shared ] || ok "$name: the spool shares its extents" \
	    spool_is_shared
	go_on
	is "$name: the backup goes on" "$?" 0
	stop_at encode "$1"
	ok "$name: a commit while it is compressed" commits "$1/a.db"
	go_on
	is "$name: the backup goes on" "$?" 0
	"$lf" restore -q --force -o back.db "store$1/a.db"
	is "$name: and is sound" "$(sql back.db 'pragma integrity_check')" ok
	rm -f back.db
}

# The unnamed file of the spool: each extent is shared.
spool_is_shared()
{
	for f in /proc/"$child"/fd/*; do
		case $(readlink "$f") in
		*/spool/*deleted*)
			filefrag -v "$f" | grep -E '^ +[0-9]+:' >extents
			[ -s extents ] && ! grep -v shared extents
			return
			;;
		esac
	done
	echo "no file of the spool is open"
	return 1
}

# A WAL that a reader keeps from beginning anew grows; who compresses or waits
# for a store is none.
mkdir "$scratch/wal"
make_large "$scratch/wal/a.db"
cat >wal.sql <<-'SQL'
	pragma journal_mode=wal;
	update t set n = n + 1;
	.shell touch wal.up
	.shell while [ ! -e wal.end ] && kill -0 $PPID; do sleep 0.05; done
SQL
start sqlite3 "$scratch/wal/a.db" ".read wal.sql"
wal_pid=$pid
ok "one keeps a -wal" wait_for 10 test -e wal.up
# Busy or not: a log that is laid into the file, and cut.
cut()
{
	commits "$1" && [ "$(sqlite3 -batch "$1" \
	    'pragma wal_checkpoint(truncate)')" = '0|0|0' ]
}
for point in image-read encode store; do
	stop_at $point "$scratch/wal"
	ok "wal: a commit at $point" commits "$scratch/wal/a.db"
	if [ $point = image-read ]; then
		not_ok "wal: it grows while it is read" cut "$scratch/wal/a.db"
	else
		ok "wal: it does not grow at $point" cut "$scratch/wal/a.db"
	fi
	go_on
	is "wal: the backup goes on" "$?" 0
done
: >wal.end
ended "$wal_pid"
rm -rf "$scratch/wal"

mkdir "$scratch/plain"
make_large "$scratch/plain/a.db"
lasts_one_copy "$scratch/plain" copied
ms=$(locked_ms "$scratch/plain")
diag "$MIB MiB copied: locked for $ms ms; cp takes $(copy_ms \
    "$scratch/plain") ms"

# A file system of our own, in a mount namespace of our own.
for kind in xfs btrfs; do
	mkdir "$scratch/$kind"
	truncate -s 400m "$kind.img"
	case $kind in
	xfs) set -- mkfs.xfs -q -m reflink=1 ;;
	btrfs) set -- mkfs.btrfs -q ;;
	esac
	if [ -z "${LITEFLEET_UNSHARED:-}" ] || ! command -v filefrag >why ||
	    ! "$@" "$kind.img" >why 2>&1 ||
	    ! mount -o loop "$kind.img" "$kind" >why 2>&1; then
		skip "no $kind can be mounted here: $(head -n 1 why)" 8
		continue
	fi
	make_large "$scratch/$kind/a.db"
	lasts_one_copy "$scratch/$kind" shared
	ms=$(locked_ms "$scratch/$kind")
	diag "$MIB MiB shared: locked for $ms ms; cp takes $(copy_ms \
	    "$scratch/$kind") ms"
	ok "$kind: a tenth of a second is enough" test "$ms" -lt 100
	umount "$kind"
	rm "$kind.img"
done
done_testing
