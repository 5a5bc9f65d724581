#!/bin/sh
# With a store in S3 a worker reads what the network takes, too: resolver,
# certificates, the files that keys come from; and nothing else (base/pry.h).
. "$(dirname "$0")/lib.sh"
s3_start_ceph

"$lfh" backup --to none -v 'nothing/*' 2>&1 | grep -q 'no Landlock' &&
    skip_all 'this kernel has no Landlock of version 2 or later'
rm -rf none nothing state

mkdir fleet elsewhere spool back "$HOME/.aws"
sql fleet/t1.db 'create table t(x); insert into t values (1)'
echo secret >elsewhere/file
echo mine >"$HOME/other"
echo '[default]' >"$HOME/.aws/config"
system=/etc/shadow
[ -r "$system" ] || system=/etc/passwd
LITEFLEET_PRY_READ=$system:/etc/hosts:/etc/ssl/certs:$HOME/.aws/config
LITEFLEET_PRY_READ=$LITEFLEET_PRY_READ:$HOME/other:$scratch/elsewhere/file
LITEFLEET_PRY_READ=$LITEFLEET_PRY_READ:$scratch/fleet/t1.db
LITEFLEET_PRY_WRITE=$HOME/.aws/new:$scratch/fleet/new:$scratch/elsewhere/new
LITEFLEET_PRY_WRITE=$LITEFLEET_PRY_WRITE:$scratch/spool/new:$scratch/back/new
export LITEFLEET_PRY_READ LITEFLEET_PRY_WRITE

# could WHO: what it could do of that, one a line.
could()
{
	sed -n "s/.*pry: $1: \(.*\): yes\$/\1/p" "$err" | sort -u
}

# expect WHO [WHAT...]: that it could, of files, and what the network takes.
expect()
{
	_who=$1
	shift
	for _f in /etc/hosts /etc/ssl/certs "$HOME/.aws/config"; do
		[ ! -e "$_f" ] || set -- "$@" "read $_f"
	done
	is "$_who: what it can read and write" \
	    "$(could "$_who" | grep -E '^(read|write) ')" \
	    "$(printf '%s\n' "$@" | sort)"
	# A machine may be without inet6.
	is "$_who: else" "$(could "$_who" |
	    grep -v -E '^(read|write) |^socket inet6$')" \
	    "$(printf '%s\n' 'socket inet' 'socket unix')"
	rm -f spool/new back/new
}

status 0 "a backup" env LITEFLEET_HOOK=store-put=pry "$lfh" backup \
    --to "$s3" --spool spool "$scratch/fleet/*.db"
expect store-put "read $scratch/fleet/t1.db" "write $scratch/spool/new"
status 0 "a list" env LITEFLEET_HOOK=list=pry "$lfh" list "$s3"
expect list
for who in list-probe list-order; do
	status 0 "what a restore of many would do" env \
	    LITEFLEET_HOOK=$who=pry "$lfh" restore-pattern -n --spool spool \
	    --output-dir back "${s3%%\?*}/**?${s3#*\?}"
	expect $who
done
status 0 "a restore of many" env LITEFLEET_HOOK=list-order=pry,bulk-decoded=pry \
    "$lfh" restore-pattern --spool spool --output-dir back \
    "${s3%%\?*}/**?${s3#*\?}"
expect list-order
expect bulk-decoded "write $scratch/spool/new" "write $scratch/back/new"
done_testing
