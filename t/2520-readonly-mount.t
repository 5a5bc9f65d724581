#!/bin/sh
# Where nothing can be written beside the sources: on a read-only mount, and in
# a directory without the right to.  As root, as root without capabilities, as
# another user: the same backups as elsewhere.  And a -shm that may not be read.
. "$(dirname "$0")/lib.sh"

mkdir data others
start "$tools/oddity" "$scratch/data" "$scratch/others"
oddity=$pid
made=$pout
ready()
{
	grep -q '^ready$' "$made" || ! kill -0 "$oddity"
}
ok "the databases are there" wait_for 60 ready
locked=$(grep -c ' busy$' "$made")
n=$(($(grep -c ' ' "$made") - locked))
p="$scratch/data/*.db"
status 1 "a backup of all" "$lf" backup -q --busy-timeout 0ms --to store "$p"
is "but of those that are locked" "$(grep -c error "$err")" "$locked"
status 0 "they come back" "$lf" restore-pattern -q --output-dir plain \
    "store$scratch/data/"
is "all of them" "$(find plain -type f | wc -l)" "$n"

snap()
{
	find data others | sort
	find data others -type f -exec sha256sum {} + | sort
	find data others -exec stat -c '%n %i %h %s %y %z %a %u %g' {} + |
	    sort
}

# Run "$@" where $PWD/data is mounted read-only.
cat >readonly.sh <<'END'
mount --bind data data && mount -o remount,bind,ro data && exec "$@"
END
mounted()
{
	unshare -rm sh "$scratch/readonly.sh" "$@"
}

mounted_nobody()
{
	as_nobody unshare -rm sh "$scratch/readonly.sh" "$@"
}

# Without CAP_DAC_OVERRIDE root is a user whom permissions stop.
powerless()
{
	setpriv --bounding-set=-all --inh-caps=-all "$@"
}

# same HOW NAME: the backup that is made through HOW is the plain one.
same()
{
	how=$1
	where=$scratch/to.$how
	mkdir "$where"
	chmod 777 "$where"
	not_ok "$2: a file cannot be made there" "$how" touch data/new
	not_ok "$2: nor written to" "$how" sh -c ': >>data/dead-4096.db'
	snap >before
	status 1 "$2: a backup" "$how" "$lf" backup --busy-timeout 0ms -q \
	    --state "$where/state" --spool "$where" --to "$where/store" "$p"
	snap >after
	is "$2: it complains of those that are locked" \
	    "$(grep -c error "$err")" "$locked"
	ok "$2: nothing moved" diff before after
	status 0 "$2: they come back" "$lf" restore-pattern -q \
	    --output-dir "back.$how" "to.$how/store$scratch/data/"
	ok "$2: the same bytes" diff -r plain "back.$how"
}

if mounted true 2>"$err"; then
	same mounted "$(id -un), a read-only mount"
else
	skip "no read-only mount here: $(head -n 1 "$err")" 7
fi
if ! can_be_nobody; then
	skip "only root can become another user" 7
elif mounted_nobody true 2>"$err"; then
	same mounted_nobody "another user, a read-only mount"
else
	skip "no read-only mount for others: $(head -n 1 "$err")" 7
fi

chmod a-w data data/*
if [ "$(id -u)" -ne 0 ]; then
	same command "$(id -un), a read-only directory"
	skip "only root can become another user" 7
elif can_be_nobody; then
	same powerless "root without capabilities, a read-only directory"
	same as_nobody "another user, a read-only directory"
else
	skip "no setpriv here" 14
fi
chmod u+w data data/*

# Who may not look at the -shm cannot know what counts: that is said.
if can_be_nobody || [ "$(id -u)" -ne 0 ]; then
	how='command'
	[ "$(id -u)" -ne 0 ] || how=as_nobody
	mkdir denied
	chmod 777 denied
	chmod 000 data/live-4096.db-shm data/dead-4096.db-shm
	snap >before
	status 1 "two -shm that cannot be read" "$how" "$lf" backup -q \
	    --busy-timeout 0ms --state "$scratch/denied/state" \
	    --spool "$scratch/denied" --to "$scratch/denied/store" "$p"
	snap >after
	says "the live one's is said so" \
	    '/live-4096\.db: its -wal or -shm cannot be read: Perm'
	says "and the dead one's" \
	    '/dead-4096\.db: its -wal or -shm cannot be read: Perm'
	is "and nothing else" "$(grep -c error "$err")" $((locked + 2))
	ok "nothing moved" diff before after
	is "neither is stored" "$(find denied/store -type f |
	    grep -cE '/(live|dead)-4096\.db/')" 0
	chmod 444 data/live-4096.db-shm data/dead-4096.db-shm
	status 1 "once they can be" "$how" "$lf" backup -q \
	    --busy-timeout 0ms --state "$scratch/denied/state" \
	    --spool "$scratch/denied" --to "$scratch/denied/store" "$p"
	status 0 "they come back" "$lf" restore-pattern -q \
	    --output-dir back.denied "denied/store$scratch/data/"
	ok "the same bytes" diff -r plain back.denied
else
	skip "no setpriv here" 9
fi
done_testing
