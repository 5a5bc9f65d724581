#!/bin/sh
#
# What a worker, a process for the store or the face, or a command that is one
# process may still do: of what one would try that was taken over (base/pry.h),
# nothing but what it needs.
# As root: there, only the sandbox holds it back.

. "$(dirname "$0")/lib.sh"

# Has this kernel Landlock, with renames between directories?
"$lfh" backup --to none -v 'nothing/*' 2>&1 | grep -q 'no Landlock' &&
    no_landlock='this kernel has no Landlock of version 2 or later'
rm -rf none nothing state

mkdir fleet elsewhere
for i in 1 2 3; do
	sql "fleet/t$i.db" 'create table t(x); insert into t values (1)'
done
echo secret >elsewhere/file
p="$scratch/fleet/*.db"
system=/etc/shadow
[ -r "$system" ] || system=/etc/passwd
LITEFLEET_PRY_READ=$system:$scratch/elsewhere/file:$scratch/fleet/t1.db:/lib
LITEFLEET_PRY_READ=$LITEFLEET_PRY_READ:$scratch/store/.litefleet/store
LITEFLEET_PRY_WRITE=$scratch/elsewhere/new:$scratch/fleet/new
LITEFLEET_PRY_WRITE=$LITEFLEET_PRY_WRITE:$scratch/spool/new:$scratch/store/new
LITEFLEET_PRY_WRITE=$LITEFLEET_PRY_WRITE:$scratch/back/new
LITEFLEET_PRY_WRITE=$LITEFLEET_PRY_WRITE:$scratch/state/other/new
export LITEFLEET_PRY_READ LITEFLEET_PRY_WRITE
mkdir -p spool back state/other

# may WHO WHAT ...: the process that pried at the hook WHO could do all that.
may()
{
	_who=$1
	shift
	for _what; do
		says "$_who may $_what" "pry: $_who: $_what: yes"
	done
}

may_not()
{
	_who=$1
	shift
	for _what; do
		says "$_who may not $_what" "pry: $_who: $_what: no, (Operation not permitted|Permission denied)"
	done
}

# What the kernel holds back by name, Landlock.
files_not()
{
	if [ -n "${no_landlock-}" ]; then
		skip "$no_landlock" $(($# - 1))
		return
	fi
	may_not "$@"
}

# What holds of each of them.
calls()
{
	may_not "$1" 'new privileges' exec execveat ptrace process_vm_readv \
	    process_vm_writev pidfd_getfd 'socketpair packet' io_uring \
	    chmod chown setxattr \
	    'socket packet' 'socket alg' 'socket vsock' 'socket unspecified'
	may "$1" 'socket unix' 'socket inet'
	says "$1: NETLINK is not there" \
	    "pry: $1: socket netlink: no, Address family not supported"
}

clean()
{
	rm -f elsewhere/new fleet/new spool/new store/new back/new state/*/new
}

# A worker of a backup.
status 0 "a backup" env LITEFLEET_HOOK=store=pry "$lfh" backup --to store \
    --spool spool "$p"
calls store
may store "read $scratch/fleet/t1.db" "read /lib" \
    "write $scratch/store/new" "write $scratch/spool/new"
files_not store "read $system" "read $scratch/elsewhere/file" \
    "write $scratch/elsewhere/new" "write $scratch/fleet/new" \
    "write $scratch/state/other/new"
is "every database is there" "$(find store -name '*.lz4' | wc -l)" 3

# The same of an upload, where a path is all there is.
clean
status 0 "an upload" env LITEFLEET_HOOK=store=pry "$lfh" upload --to store \
    --spool spool fleet/t1.db
calls store
may store "read $scratch/fleet/t1.db"
files_not store "read $system" "read $scratch/elsewhere/file" \
    "write $scratch/fleet/new"

# And with it turned off: it is the sandbox that holds them back.
clean
status 0 "no sandbox" env LITEFLEET_HOOK=store=pry "$lfh" upload --to store \
    --spool spool --no-sandbox fleet/t1.db
may store 'new privileges' exec execveat ptrace process_vm_readv \
    process_vm_writev pidfd_getfd 'socketpair packet' \
    chmod chown setxattr "read $system" "read $scratch/elsewhere/file" \
    "write $scratch/elsewhere/new" "write $scratch/fleet/new"
if grep -q 'socket netlink: yes' "$err"; then
	pass "store may socket netlink"
else
	skip "no netlink here"
fi

# Links lead anywhere, if they are followed.
clean
status 0 "--follow" env LITEFLEET_HOOK=store=pry "$lfh" upload --to store \
    --spool spool --follow fleet/t1.db
calls store
may store "read $system"
files_not store "write $scratch/elsewhere/new" "write $scratch/fleet/new"

# Those that list a store, and restore from it.
clean
status 0 "a restore" env \
    LITEFLEET_HOOK=list-probe=pry,list-order=pry,bulk-decoded=pry \
    "$lfh" restore-pattern --output-dir out --spool spool 'store/**'
for who in list-probe list-order bulk-decoded; do
	calls $who
	may $who "read $scratch/store/.litefleet/store"
	files_not $who "read $system" "read $scratch/fleet/t1.db" \
	    "write $scratch/elsewhere/new" "write $scratch/store/new"
done
files_not list-order "write $scratch/spool/new"
may bulk-decoded "write $scratch/spool/new"
is "every database is back" "$(find out -name '*.db' | wc -l)" 3

# One process shows what a restore would do; what names lines is read before.
for who in list-probe list-order; do
	clean
	status 0 "restore-pattern -n, $who" env LITEFLEET_HOOK=$who=pry \
	    "$lfh" restore-pattern -n --output-dir out --spool spool 'store/**'
	calls $who
	may $who "read $scratch/store/.litefleet/store"
	files_not $who "read $system" "read $scratch/fleet/t1.db" \
	    "write $scratch/elsewhere/new" "write $scratch/spool/new" \
	    "write $scratch/store/new"
	is "and all are named" "$(grep -c 'fleet/t.\.db$' "$out")" 3
done
cut -f 1 "$out" >lines
status 0 "restore-pattern -n -" sh -c '"$0" restore-pattern -n --from store \
    --log-file log --output-dir out - <lines' "$lf"
is "names them, too" "$(grep -c 'fleet/t.\.db$' "$out")" 3
sed 's/$/\t\tio\tfailed/' lines >report
status 0 "restore-pattern -n --retry-report" "$lf" restore-pattern -n \
    --from store --retry-report report --output-dir out
is "and of a report" "$(grep -c 'fleet/t.\.db$' "$out")" 3
clean
status 0 "restore-pattern -n --no-sandbox" env LITEFLEET_HOOK=list-order=pry \
    "$lfh" restore-pattern -n --no-sandbox --output-dir out 'store/**'
may list-order exec ptrace "read $system" "write $scratch/elsewhere/new"

# Who removes old backups.
clean
status 0 "another backup" "$lf" upload --to store --spool spool fleet/t1.db
status 0 "prune" env LITEFLEET_HOOK=prune=pry "$lfh" prune --keep-last 1 store
calls prune
may prune "write $scratch/store/new"
files_not prune "read $system" "read $scratch/fleet/t1.db" \
    "write $scratch/fleet/new" "write $scratch/spool/new"

# A restore of one: to a file, to standard output, and to where it was, which
# is found out by another process, since who finds it out has read the object.
key=store/$scratch/fleet/t1.db
clean
status 0 "restore" env LITEFLEET_HOOK=restore-decoded=pry "$lfh" restore \
    -o back/t1.db "$key"
calls restore-decoded
may restore-decoded "read $scratch/store/.litefleet/store" \
    "write $scratch/back/new"
files_not restore-decoded "read $system" "read $scratch/elsewhere/file" \
    "read $scratch/fleet/t1.db" "write $scratch/elsewhere/new" \
    "write $scratch/fleet/new" "write $scratch/spool/new" \
    "write $scratch/store/new"
is "it is back" "$(sql back/t1.db 'select x from t')" 1
clean
status 0 "restore -o -" env LITEFLEET_HOOK=restore-streamed=pry "$lfh" \
    restore -o - "$key"
calls restore-streamed
files_not restore-streamed "read $system" "read $scratch/fleet/t1.db" \
    "write $scratch/back/new" "write $scratch/store/new"
ok "it is the same" cmp "$out" back/t1.db
rm fleet/t1.db
for who in restore-origin restore-decoded; do
	clean
	status 0 "restore --original, $who" env LITEFLEET_HOOK=$who=pry "$lfh" \
	    restore --original --force "$key"
	calls $who
	files_not $who "read $system" "read $scratch/elsewhere/file" \
	    "write $scratch/elsewhere/new" "write $scratch/store/new" \
	    "write $scratch/back/new"
	if [ $who = restore-decoded ]; then
		may $who "write $scratch/fleet/new"
	else
		files_not $who "write $scratch/fleet/new"
	fi
	is "it is where it was" "$(sql fleet/t1.db 'select x from t')" 1
done
clean
status 0 "restore --no-sandbox" env LITEFLEET_HOOK=restore-decoded=pry \
    "$lfh" restore --no-sandbox -o back/t2.db "$key"
may restore-decoded exec ptrace "read $system" "write $scratch/elsewhere/new"

# However the file is called.
ln -s back way
mkdir tmp
for to in way/1.db back/../back/2.db 3.db "$scratch/way/4.db" ./5.db; do
	status 0 "restore -o $to" env TMPDIR=tmp "$lf" restore -o "$to" "$key"
	is "$to is right" "$(sql "$to" 'select x from t')" 1
done
sql -cmd '.dbconfig no_ckpt_on_close on' way/1.db \
    'pragma journal_mode=wal; insert into t values (2)' >/dev/null 2>&1
ok "it has a -wal" test -s back/1.db-wal
status 0 "restore --force, by a link" "$lf" restore --force -o way/1.db "$key"
is "replaces it" "$(sql back/1.db 'select x from t')" 1
not_ok "and its companions" test -e back/1.db-wal
status 1 "the next time" "$lf" restore -o way/1.db "$key"
says "it is there" 'way/1.db exists; --force'
status 1 "no directory" "$lf" restore -o none/1.db "$key"
says "is said" 'the directory of none/1.db is missing'
cd back || exit 1
status 0 "restore into this directory" "$lf" restore -o 6.db "../$key"
is "is right" "$(sql 6.db 'select x from t')" 1
cd ..

# Who lists.
clean
status 0 "list" env LITEFLEET_HOOK=list=pry "$lfh" list store
calls list
may list "read $scratch/store/.litefleet/store"
files_not list "read $system" "read $scratch/fleet/t1.db" \
    "write $scratch/elsewhere/new" "write $scratch/store/new"
is "and all are there" "$(grep -c 'fleet/t.\.db$' "$out")" 3
clean
status 0 "list --no-sandbox" env LITEFLEET_HOOK=list=pry "$lfh" list \
    --no-sandbox store
may list exec ptrace "read $system" "write $scratch/elsewhere/new"

# Who compares the state with what there is: databases are never opened, but
# directories are.
state=$(dirname "$(find state -name id)")
pry=$LITEFLEET_PRY_READ
LITEFLEET_PRY_READ=$pry:$scratch/$state/id
clean
status 0 "status" env LITEFLEET_HOOK=status=pry "$lfh" status --to store
calls status
may status "read $scratch/$state/id"
files_not status "read $system" "read $scratch/fleet/t1.db" \
    "read $scratch/store/.litefleet/store" "write $scratch/elsewhere/new" \
    "write $scratch/fleet/new" "write $scratch/store/new"
prints "it knows all" '^ *3  databases known$'
clean
sql fleet/t4.db 'create table t(x)'
status 0 "status PATTERN" env LITEFLEET_HOOK=status=pry "$lfh" status \
    --to store "$p"
calls status
may status "read $scratch/fleet/t1.db"
files_not status "read $system" "read $scratch/elsewhere/file" \
    "write $scratch/fleet/new"
prints "it sees the new one" '^ *1  never saved$'
clean
status 0 "status --follow" env LITEFLEET_HOOK=status=pry "$lfh" status \
    --follow --to store "$p"
may status "read $system"
clean
status 0 "status --no-sandbox" env LITEFLEET_HOOK=status=pry "$lfh" status \
    --no-sandbox --to store
may status exec ptrace "read $system" "write $scratch/elsewhere/new"
LITEFLEET_PRY_READ=$pry
rm fleet/t4.db

# Who looks what is left of the store.
clean
LITEFLEET_PRY_WRITE=$LITEFLEET_PRY_WRITE:$scratch/$state/new
status 0 "reconcile" env LITEFLEET_HOOK=reconcile-list=pry "$lfh" backup \
    --reconcile 1ms --to store --spool spool "$p"
calls reconcile-list
may reconcile-list "read $scratch/store/.litefleet/store" \
    "write $scratch/$state/new"
files_not reconcile-list "read $system" "read $scratch/fleet/t1.db" \
    "write $scratch/store/new" "write $scratch/state/other/new"

# Who pings, and who shows figures.
clean
if command -v curl >/dev/null; then
	LITEFLEET_HOOK=ping=pry,face=pry start "$lfh" backup --interval 1h \
	    --to store --listen "unix:$scratch/face" --ping \
	    http://127.0.0.1:1/ "$p"
	wait_for 10 curl -s --unix-socket face http://localhost/readyz
	wait_for 10 grep -q 'pry: ping: socket unspecified' "$perr"
	wait_for 10 grep -q 'pry: face: socket unspecified' "$perr"
	cp "$perr" "$err"
	stop "$pid"
	for who in ping face; do
		calls $who
		may $who "read /lib"
		files_not $who "read $system" "read $scratch/fleet/t1.db" \
		    "read $scratch/store/.litefleet/store" \
		    "write $scratch/store/new"
	done
else
	skip "no curl here" 42
fi

# A kernel without Landlock, with one that is too old, and one that refuses.
clean
ASAN_OPTIONS=detect_leaks=0	# which takes tracing oneself
export ASAN_OPTIONS
if [ -z "${no_landlock-}" ] && strace -qq -o /dev/null true 2>/dev/null; then
	under()
	{
		strace -f -qq -o /dev/null -e "inject=landlock_$1" "$lfh" \
		    upload -v --to store --spool spool fleet/t1.db
	}
	LITEFLEET_HOOK=store=pry
	export LITEFLEET_HOOK
	for how in error=ENOSYS error=EOPNOTSUPP retval=1; do
		status 0 "Landlock: $how" under "create_ruleset:$how"
		is "is said once" "$(grep -c 'has no Landlock' "$err")" 1
		calls store
		may store "read $system"
	done
	unset LITEFLEET_HOOK
	status 2 "Landlock refuses" under restrict_self:error=E2BIG
	says "is said" 'sandbox \(Landlock; --no-sandbox .*: Argument list too'
	status 0 "--no-sandbox goes without" strace -f -qq -o /dev/null -e \
	    inject=landlock_restrict_self:error=E2BIG "$lf" upload \
	    --no-sandbox --to store --spool spool fleet/t1.db
	for what in "list store" "status --to store" "restore -o - $key" \
	    "restore --original --force $key" \
	    "restore-pattern -n --output-dir out store"; do
		# shellcheck disable=SC2086	# words
		status 2 "Landlock refuses: $what" strace -f -qq -o /dev/null \
		    -e inject=landlock_restrict_self:error=E2BIG "$lf" $what
		says "is said" 'sandbox \(Landlock; --no-sandbox '
	done
else
	skip "no strace here, or no Landlock" 70
fi

# What a hook of the service's owner runs is not held back.
status 3 "--on-failure runs" "$lf" backup --to fleet/t1.db/store --on-failure \
    "cat elsewhere/file >got" "$p"
is "and may read" "$(cat got 2>&1)" secret

done_testing
