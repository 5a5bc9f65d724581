#!/bin/sh
# A memory cgroup that is too small: the kernel ends a worker and not the
# supervisor, so it costs one database one run; with memory all is good.

# What lies in tmpfs is the group's memory, too.
[ "$(stat -f -c %T "${TMPDIR:-/tmp}")" != tmpfs ] || export TMPDIR=/var/tmp
. "$(dirname "$0")/lib.sh"

! nm -D "$lf" 2>/dev/null | grep -q __asan_init ||
	skip_all "sanitizers want terabytes"

# What it offers the kernel, on any machine.
mkdir few
sql few/a.db 'CREATE TABLE t(n)'
LITEFLEET_HOOK=image-open=stop start "$lfh" backup --jobs 1 --to few.store \
    "$scratch/few/*.db"
stopped_child()
{
	child=$(pgrep -P "$pid" -x litefleet-w0) &&
		grep -q '^State:.T' "/proc/$child/status"
}
ok "a worker is at work" wait_for 20 stopped_child
own=$(cat "/proc/$pid/oom_score_adj")
is "it goes before the supervisor" "$(cat "/proc/$child/oom_score_adj")" \
    "$((own + 500 > 1000 ? 1000 : own + 500))"
is "whose place is as it was" "$own" "$(cat /proc/self/oom_score_adj)"
kill -CONT "$child"
ended "$pid"
is "it ends" "$?" 0

# in_memory MIB CMD...: in a cgroup with so much.  Sets $rc, and $killed: how
# many the kernel ended there.
v1=/sys/fs/cgroup/memory
v2=/sys/fs/cgroup
group=
in_memory()
{
	mkdir "$group" || exit 1
	echo $(($1 << 20)) >"$group/$limit"
	shift
	(
		sh -c 'echo $PPID' >"$group/cgroup.procs"
		exec "$@"
	) >"$out" 2>"$err"
	rc=$?
	killed=$(awk '$1 == "oom_kill" { print $2 }' "$group/$events")
	# Who was killed may not be gone yet.
	wait_for 10 rmdir "$group" 2>rmdir.err
}
if mkdir "$v1/litefleet-t.$$" 2>mkdir.err; then
	group=$v1/litefleet-t.$$
	limit=memory.limit_in_bytes
	events=memory.oom_control
	rmdir "$group"
elif grep -qsw memory $v2/cgroup.subtree_control &&
    mkdir "$v2/litefleet-t.$$" 2>mkdir.err; then
	group=$v2/litefleet-t.$$
	limit=memory.max
	events=memory.events
	rmdir "$group"
fi
if [ -z "$group" ]; then
	skip "no memory cgroup can be made: $(cat mkdir.err)" 5
	done_testing
	exit
fi

"$tools/mkfleet" "$scratch" 200 >/dev/null || exit 1
p="$scratch/data/*/databases/*/branches/*/tenants/*.db"
big=data/p0/databases/d0/branches/b0/tenants/t000009.db
sql $big 'CREATE TABLE pad(x); INSERT INTO pad VALUES(randomblob(60000000))'
deaths=0
false=0
for mib in 24 12 8; do
	rm -rf state store back
	in_memory $mib "$lf" backup --jobs 2 --state state --to store "$p"
	stored=$(find store -name '*.db.lz4' | wc -l)
	diag "$mib MiB: status $rc, $stored stored, $killed killed by the kernel"
	deaths=$((deaths + killed))
	# Who has been ended was one database's, or nobody's: that is said.
	if [ "$killed" -gt 0 ]; then
		[ "$rc" -le 1 ] && [ "$stored" -ge $((200 - killed)) ] &&
		    grep -qE 'died of signal 9 .*(while .*\.db: it is left|with no database in its hand)' \
		    "$err"
	else
		[ "$rc" -eq 0 ] && [ "$stored" -eq 200 ]
	fi || {
		false=$((false + 1))
		diag "$(tail -n 3 "$err")"
	}
	"$lf" upload -q --state state --to store - >"$out" 2>&1 <<-END
	$scratch/$big
	END
	"$lf" restore-pattern -q --output-dir back "store$scratch/data/**" \
	    >"$out" 2>&1 && diff -rq data back || {
		false=$((false + 1))
		diag "with memory it is not all there"
	}
done
if [ "$deaths" -eq 0 ]; then
	skip "24 to 8 MiB were enough" 1
else
	pass "the kernel had to end $deaths"
fi
is "it cost one database one run, and nothing false was said" "$false" 0
done_testing
