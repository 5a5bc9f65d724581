#!/bin/sh
# A file system that is really full, and a quota that is really used up, in the
# middle of a run: of the state, the spool, the store, the target of a restore.
# What is said to be safe is, nothing is corrupt, and with room all is good.
. "$(dirname "$0")/lib.sh"

[ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null ||
	unshare -rm true 2>/dev/null || skip_all "no mount namespaces here"
p="$scratch/data/**/*.db"
"$tools/mkfleet" "$scratch" 60 --wal-every 3 >/dev/null || exit 1
i=0
while [ "$i" -lt 4 ]; do
	i=$((i + 1))
	sql "data/big$i.db" 'create table t(x);
	    insert into t values(randomblob(9000000))'
done
"$lf" backup -q --state source.state --to source "$p" || exit 1

# What follows runs in a mount namespace of its own: limit SIZE DIR mounts a
# file system of that size, or with such a quota; lift lets it have more.
cat >space.sh <<'SH'
limit()
{
	mount -t tmpfs -o "size=$1" none "$2"
}
lift()
{
	mount -o remount,size=200m "$1"
}
SH
cat >quota-tmpfs.sh <<'SH'
limit()
{
	mount -t tmpfs -o "size=200m,usrquota,usrquota_block_hardlimit=$1" \
	    none "$2"
}
lift()
{
	setquota -u 0 0 0 0 0 "$1"
}
SH
# root may exceed it, where it has CAP_SYS_RESOURCE.
cat >quota-ext4.sh <<'SH'
limit()
{
	rm -f "$2.img" && truncate -s 200m "$2.img" &&
	    mkfs.ext4 -q -O quota -E quotatype=usrquota "$2.img" &&
	    mount -o loop,usrquota "$2.img" "$2" &&
	    setquota -u 0 0 "${1%k}" 0 0 "$2"
}
lift()
{
	setquota -u 0 0 0 0 0 "$1"
}
SH
cat >quota-btrfs.sh <<'SH'
limit()
{
	rm -f "$2.img" && truncate -s 200m "$2.img" && mkfs.btrfs -q "$2.img" &&
	    mount -o loop "$2.img" "$2" && btrfs quota enable "$2" &&
	    btrfs qgroup limit "$1" "$2"
}
lift()
{
	btrfs qgroup limit none "$1"
}
SH
# $1: one of these; $2: the directory; $3: its size; then two commands, the
# second with room.  What they say and their status: limited.*, lifted.*.
cat >within.sh <<'SH'
. "./$1"
dir=$2 size=$3 first=$4 second=$5
PATH=$PATH:/usr/sbin:/sbin
mkdir -p "$dir"
limit "$size" "$dir" >mount.err 2>&1 || exit 98
eval "$first" >limited.out 2>limited.err
echo $? >limited.status
head -c 300m /dev/zero 2>/dev/null >"$dir/filler" 2>filler.err
rm -f "$dir/filler"
lift "$dir" >>mount.err 2>&1 || exit 97
eval "$second" >lifted.out 2>lifted.err
echo $? >lifted.status
eval "${6:-:}"
SH
in_it()
{
	rm -f limited.* lifted.* filler.err
	if [ "$(id -u)" -eq 0 ]; then
		unshare -m setpriv --bounding-set -sys_resource \
		    sh within.sh "$@"
	else
		unshare -rm sh within.sh "$@"
	fi
}

# try HOW WHAT PLACE SIZE BACKUP|RESTORE
try()
{
	rm -rf state spool store back out
	mkdir spool
	case $5 in
	backup)
		run="$lf backup --spool $scratch/spool --state $scratch/state \
		    --to $scratch/store '$p'"
		set -- "$1" "$2" "$3" "$4" "$lf restore-pattern -q \
		    --output-dir out '$scratch/store$p'"
		;;
	restore)
		run="$lf restore-pattern --max-retries 0 --spool $scratch/spool \
		    --output-dir $scratch/back --resume '$scratch/source$p'"
		set -- "$1" "$2" "$3" "$4" "cp -a back out"
		;;
	esac
	in_it "$1" "$scratch/$3" "$4" "$run" "$run" "$5"
	rc=$?
	if [ "$rc" -ne 0 ]; then
		fail "$3: $2: $rc"
		_show mount mount.err
		return
	fi
	_want='[13]'
	# A state that is full costs what the next run does again.
	[ "$3" != state ] || _want='[013]'
	# shellcheck disable=SC2254	# a pattern
	case $(cat limited.status) in
	$_want) pass "$3: $2: the run" ;;
	*)
		fail "$3: $2: the run: $(cat limited.status)"
		_show "it said" limited.err
		;;
	esac
	ok "$3: $2: says what was in the way" grep -q "$2" limited.err
	is "$3: $2: with room" "$(cat lifted.status)" 0 ||
		_show "it said" lifted.err
	rm -f out/.litefleet-restore
	ok "$3: $2: is all there and right" diff -r data out
}

# usable HOW: does it limit at all?
usable()
{
	mkdir -p probe
	in_it "$1" "$scratch/probe" 4096k : : 2>/dev/null &&
	    grep -q "$2" filler.err
}

all()
{
	try "$1" "$2" state "$4" backup
	# Less than one of the large ones.
	try "$1" "$2" spool 8000k backup
	try "$1" "$2" store "$3" backup
	try "$1" "$2" back "$3" restore
}

all space.sh 'No space left on device' 12000k 20k
quota=
for how in tmpfs ext4 btrfs; do
	if usable "quota-$how.sh" 'quota exceeded'; then
		quota=$how
		break
	fi
	diag "no quota of $how: $(tail -n 1 mount.err)"
done
if [ -n "$quota" ]; then
	diag "the quota is one of $quota"
	all "quota-$quota.sh" 'quota exceeded' 12000k 120k
else
	skip "neither tmpfs, ext4 nor btrfs has quotas here" 16
fi
done_testing
