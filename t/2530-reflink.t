#!/bin/sh
# Where the file system can share extents, a large database is not copied into
# the spool but cloned, in no time, and is one committed state all the same.
if [ -z "${IN_NAMESPACE:-}" ] && unshare -m true 2>/dev/null; then
	IN_NAMESPACE=1 exec unshare -m "$0"
fi
. "$(dirname "$0")/lib.sh"

PATH=$PATH:/usr/sbin:/sbin
for what in mkfs.xfs strace; do
	command -v $what >/dev/null || skip_all "no $what here"
done
mkdir fs
truncate -s 400M image
mkfs.xfs -q -m reflink=1 image >mkfs.out 2>&1 ||
	skip_all "mkfs.xfs: $(head -n 1 mkfs.out)"
mount -o loop image fs 2>mount.err ||
	skip_all "no file system can be mounted: $(head -n 1 mount.err)"
# Whoever works in it has to go first.
trap '_cleanup 2>/dev/null; umount -l "$scratch/fs"
    [ -n "${LITEFLEET_KEEP:-}" ] || rm -rf "$scratch"' EXIT

mkdir fs/data fs/spool
for mode in delete wal; do
	sql "fs/data/$mode.db" "PRAGMA journal_mode=$mode; CREATE TABLE pad(x);
	    INSERT INTO pad VALUES(randomblob(12000000))" >"$out"
	start "$tools/writer" --mode $mode --autocheckpoint 100 --pause 1 \
	    --log "$mode.log" "fs/data/$mode.db"
done
ok "one writes in rollback mode" wait_for 20 test -s delete.log
ok "one in WAL mode" wait_for 20 test -s wal.log

# moved MODE: it has committed since what was read of its log the last time.
moved()
{
	! cmp -s "$1.log" "$1.before"
}

bad=0
images=0
for i in 1 2 3 4 5 6 7 8; do
	# Without a commit since the last one there would be no image.
	for mode in delete wal; do
		wait_for 20 moved $mode || fail "$mode writes"
		cat $mode.log >$mode.before
	done
	# The leak sanitizer of a DEV=1 build cannot work below strace.  A file
	# a process: in one, a call that is interrupted by another's is torn.
	ASAN_OPTIONS=detect_leaks=0 strace -ff -qq -e trace=ioctl \
	    -o "strace.$i" "$lf" backup -q --busy-timeout 10s \
	    --spool fs/spool --to store "$scratch/fs/data/*.db" ||
	    fail "backup $i"
	for mode in delete wal; do
		images=$((images + 1))
		o=$(find store -path "*/$mode.db/*" | sort | tail -n 1)
		lz4 -dcq "$o" >image.db
		least=$(awk '{ print $NF + 0 }' $mode.before)
		n=$("$tools/writer" --check image.db | awk '{ print $NF + 0 }')
		[ "${n:-0}" -ge "$least" ] || {
			bad=$((bad + 1))
			echo "# bad: $o: ${n:-wrong}, $least was committed"
		}
		rm -f image.db*
	done
done
is "of $images images none is bad" "$bad" 0
clones=$(grep -hcE 'FICLONE.* = 0$|BTRFS_IOC_CLONE[^_].* = 0$' strace.*.* |
    awk '{ n += $1 } END { print n + 0 }')
ok "they were cloned ($clones)" test "$clones" -ge "$images"
is "the spool is empty" "$(find fs/spool -type f)" ''
is "there is nothing new beside them" "$(find fs/data -type f |
    grep -cvE '/(delete|wal)\.db(-wal|-shm|-journal)?$')" 0
done_testing
