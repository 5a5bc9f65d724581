#!/bin/sh
# What is not well for many cycles of a service is named by the first that sees
# it, and from then on counted.
. "$(dirname "$0")/lib.sh"

"$tools/mkfleet" "$scratch" 20 >/dev/null || exit 1
p="$scratch/data/*/databases/*/branches/*/tenants/*.db"
dir=$scratch/data/p0/databases/d0/branches/b0/tenants
killer=$dir/t000001.db
gone=$dir/t000002.db
damaged=$dir/t000003.db

not_racy
status 0 "a first run" "$lf" backup --to store "$p"
LITEFLEET_HOOK="image=segv:$killer" status 1 "one kills a worker" "$lfh" \
    upload --to store "$killer"
printf 'no more' | dd of="$gone" conv=notrunc 2>/dev/null
printf 'damage' | dd of="$damaged" conv=notrunc bs=1 seek=4096 2>/dev/null
echo text >"$dir/text.db"
mkdir -p "$scratch/data/x/databases/x/branches/x/tenants"
not_racy

cycles()
{
	[ "$(grep -c 'Scan complete' "$perr")" -ge "$1" ]
}

# begin: a service, and eight cycles of it.
begin()
{
	start "$@" --interval 1h --log-every 1ms "$p"
	ok "a service" wait_for 20 cycles 1
	for c in 2 3 4 5 6 7 8; do
		kill -USR1 "$pid"
		wait_for 20 cycles $c || fail "cycle $c"
	done
}

# named N NAME ERE: in so many lines.
named()
{
	is "$2" "$(grep -cE -e "$3" "$perr")" "$1"
}

begin "$lf" backup --to store --check quick
named 1 "what has killed a worker is named once" "error: $killer: in quarant"
named 1 "what is damaged" "error: $damaged: damaged"
named 1 "what is no database" "warning: $dir/text.db: not a SQLite"
named 2 "what fails, until it is held back" "error: $gone: no longer"
named 8 "all are counted by each" \
    'Scan complete: 21 databases, .* 3 failed, 1 skipped'
sql "$damaged" 'PRAGMA user_version = 7' >/dev/null
not_racy
kill -USR1 "$pid"
ok "one that is damaged changes" wait_for 20 cycles 9
named 1 "and is damaged as before" "error: $damaged: damaged"
stop "$pid" TERM

begin "$lf" backup --to store --check quick
named 1 "another service names again what is in quarantine" \
    "error: $killer: in quarant"
named 1 "what is damaged" "error: $damaged: damaged"
named 1 "what is no database" "warning: $dir/text.db: not a SQLite"
named 1 "and tries what was held back" "error: $gone: no longer a SQLite"
stop "$pid" TERM

if ! can_be_nobody; then
	skip "only root can be another user" 5
	done_testing
	exit
fi
rm "$dir/text.db" "$killer" "$gone" "$damaged"
chmod -R a+rwX data
chown -R nobody store state
chmod 755 "$scratch"
some=$scratch/data/y/databases/y/branches/y/tenants
n=3
mkdir -p "$some"
for c in 1 2 3; do
	cp "$dir/t000004.db" "$some/t00000$c.db"
done
chmod 444 "$some"
chmod 000 "$scratch/data/x/databases"
begin setpriv --reuid=65534 --regid=65534 --clear-groups \
    "$lf" backup --to store
named 1 "a directory that cannot be read is named once" \
    'error: .*x/databases: Permission'
named $((2 * n)) "those in one that cannot be entered twice" \
    'error: .*t0000[0-9]*\.db: .*Permission'
named 8 "and counted" " $n failed, 1 directory not read"
stop "$pid" TERM
chmod 755 "$some" "$scratch/data/x/databases"
done_testing
