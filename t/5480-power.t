#!/bin/sh
# After a power failure the state may be older than the store, and so may the
# databases: the next run finds out.
. "$(dirname "$0")/lib.sh"

mkdir v0
for i in 1 2 3; do
	sql "v0/$i.db" "CREATE TABLE t(a); INSERT INTO t VALUES(0)"
done
cp -r v0 v1
sql v1/2.db "UPDATE t SET a = 1"
not_racy
p="$scratch/data/*.db"

# run VERSION: a backup with the databases as they were in it; the files
# themselves are never touched.
run()
{
	mv "$1" data
	"$lf" backup --to store "$p" >"$out" 2>"$err"
	rc=$?
	rm -rf back
	"$lf" restore-pattern -q --output-dir back "store$p" 2>/dev/null
	diff -r data back >differ 2>&1
	same=$?
	mv data "$1"
	return "$rc"
}

run v0 && cp -a state old && run v1
is "a run after another" "$rc $same" "0 0"
is "nothing is under way" "$(find state -name working)" ""

fail_power()
{
	rm -rf state
	cp -a old state
	for d in state/*; do
		echo "another boot" >"$d/working"
	done
}

# Until that is done, nobody says that all is saved.
fail_power
said='warning: .*the power failed .*backup finds out'
mv v0 data
status 1 "status knows that it does not know" "$lf" status --to store
says "and says it" "$said"
status 1 "so does a dry run" "$lf" backup -n --to store "$p"
says "which says it, too" "$said"
status 0 "but not one of a new store" "$lf" backup -n --new-store --to store \
    "$p"
mv data v0
run v0
is "state and databases are as of before: the run" "$rc" 0
says "says that the power failed" \
    'after a power failure: .* newest backups of 1 databases'
is "and makes the newest backups the databases" "$same" 0
is "it is over" "$(find state -name working)" ""
run v0
says_not "it is said once" 'power failure'
mv v0 data
status 0 "status" "$lf" status --to store
says_not "knows again" 'power'
status 0 "and so does a dry run" "$lf" backup -n --to store "$p"
mv data v0

# The name of a record.
fail_power
for f in state/*/*.names; do
	: >"$f"
done
run v0
mv v0 data
status 0 "status" "$lf" status --to store
mv data v0
prints "names that are lost come back" '^ *3  databases known'

# Who is killed has lost nothing.
mv v1 data
sql data/3.db "UPDATE t SET a = 2"
LITEFLEET_HOOK="store-committed=stop" start "$lfh" backup --to store "$p"
ok "it is known that a run is under way" wait_for 10 \
    sh -c 'test -s "$(find state -name working)"'
status 0 "status beside it" "$lf" status --to store
says_not "does not take that for a power failure" 'power'
stop "$pid" KILL
wait_for 10 flock -n "$(echo state/*/lock)" true
mv data v1
not_racy
run v1
says_not "another run does not take that for a power failure" 'power failure'
is "and makes good" "$rc $same" "0 0"

# What says that a run is under way is on the disk before an object is: of the
# state, which may lie on another file system than the store, all is lost that
# was not synced until then (t/torture/record.c, t/tool/replay.c).
rm -rf state
mkdir disk spool
cp -a old disk/state
"$tools/replay" begin disk spool/log
first=$("$tools/replay" count spool/log)
mv v1 data
LITEFLEET_HOOK="store-committed=stop" RECORD_DIR=$scratch/disk \
    RECORD_LOG=$scratch/spool/log LD_PRELOAD=$tools/record.so \
    ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0 \
    start "$lfh" backup --jobs 1 --spool "$scratch/spool" \
    --state "$scratch/disk/state" --to store "$p"
stopped()
{
	for k in $(pgrep -P "$pid"); do
		grep -qs '^State:.T' "/proc/$k/status" && return 0
	done
	return 1
}
ok "an object is stored" wait_for 10 stopped
entries=$("$tools/replay" count spool/log)
ok "all was recorded" test "$entries" -gt "$first"
stop "$pid" KILL
mv data v1
forgotten=0
luck=0
while [ "$luck" -lt 40 ]; do
	luck=$((luck + 1))
	rm -rf state replayed
	"$tools/replay" crash spool/log "$entries" "$luck" replayed >>said
	[ -n "$(find replayed/state -name working)" ] ||
		forgotten=$((forgotten + 1))
done
is "that a run was under way is never lost" "$forgotten" 0
wait_for 10 flock -n "$(echo disk/state/*/lock)" true
mv replayed/state state
for d in state/*; do
	echo "another boot" >"$d/working"
done
run v0
says "it is said" 'after a power failure'
is "and the run makes good" "$rc $same" "0 0"

# Where the kernel does not say which boot this is.
mkdir plain
no_boot='mount --bind "$1/plain" /proc/sys/kernel/random 2>/dev/null || exit 77
shift
exec "$@"'
# bootless CMD...
bootless()
{
	unshare -m sh -c "$no_boot" sh "$scratch" "$@"
}
if bootless true 2>/dev/null; then
	mv v1 data
	sql data/3.db "UPDATE t SET a = 3"
	status 0 "without a boot_id" bootless "$lf" backup --to store "$p"
	is "it is said once" "$(grep -c 'boot_id: .*power failure' "$err")" 1
	is "and nothing is under way after" "$(find state -name working)" ""
	sql data/3.db "UPDATE t SET a = 4"
	LITEFLEET_HOOK="store-committed=stop" start unshare -m sh -c \
	    "$no_boot" sh "$scratch" "$lfh" backup --to store "$p"
	ok "a run is under way" wait_for 10 \
	    sh -c 'test -s "$(find state -name working)"'
	stop "$pid" KILL
	wait_for 10 flock -n "$(echo state/*/lock)" true
	status 0 "the one after it" bootless "$lf" backup --to store "$p"
	says "takes no chance" 'after a power failure'
	find state -name 'id' | sed 's,id$,working,' | while read -r f; do
		: >"$f"
	done
	status 0 "an empty one, from before" "$lf" backup --to store "$p"
	says "is no proof, either" 'after a power failure'
	mv data v1
else
	skip "no mounts can be made here" 8
fi

# A store that is not there cannot be listed: it stays to be done.
fail_power
mv store elsewhere
run v0
is "without the store: status" "$rc" 3
is "it stays so" "$(cat state/*/working)" "another boot"
mv elsewhere store
run v0
says "until it is there" 'after a power failure'
is "and then all is well" "$rc $same" "0 0"
done_testing
