#!/bin/sh
# Each signal to a service, amid scan, compression and upload, and at rest.
. "$(dirname "$0")/lib.sh"

n=40
"$tools/mkfleet" "$scratch" $n >/dev/null || exit 1
p="$scratch/data/*/databases/*/branches/*/tenants/*.db"
not_racy

# The shell ignores INT for what it starts in the background.
cat >heedful <<-'SH'
	#!/bin/sh
	exec perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV' "$@"
SH
chmod +x heedful
PATH=$PATH:$scratch

said()
{
	[ "$(grep -cE -e "$2" "$perr")" -ge "$1" ]
}

# What a hook has stopped: the service itself, or a worker.
hangs()
{
	for who in $pid $(pgrep -P "$pid"); do
		grep -q '^State:.T' "/proc/$who/status" 2>/dev/null && return
	done
	return 1
}

go_on()
{
	! hangs || kill -CONT "$who" 2>/dev/null
}

# The same, as often as it takes.
goes_on_until()
{
	go_on
	"$@"
}

over()
{
	! grep -q '^State:.[^Z]' "/proc/$pid/status" 2>/dev/null
}

has_ended()
{
	ok "$1: it ends" wait_for 20 goes_on_until over
	ended "$pid"
	is "$1: well" "$?" 0
	cp "$perr" "$err"
	says "$1: and says why" '^stopped by (Terminated|Interrupt)'
	is "$1: with nobody left" "$(pgrep -c -f "^$lfh .*$scratch")" 0
	status 0 "$1: the next run" "$lf" backup -q --to store "$p"
	is "$1: has all stored, once" "$("$lf" list --all store | wc -l)" $n
}

# at PHASE HOOK: a service that hangs there, with nothing stored yet.
at()
{
	rm -rf store state
	LITEFLEET_HOOK="$2" start heedful "$lfh" backup --to store \
	    --interval 1h --log-every 1ms --jobs 2 "$p"
	[ "$2" = none ] || wait_for 20 hangs || fail "$1: it hangs"
	[ "$2" != none ] || wait_for 20 said 1 'Scan complete' ||
		fail "$1: it rests"
}

for where in "scan walked=stop" "compress encode=stop:t000003.db" \
    "upload store-tmp=stop:t000003.db" "rest none"; do
	phase=${where%% *}
	hook=${where#* }
	for sig in TERM INT; do
		at "$phase" "$hook"
		kill -$sig "$pid"
		has_ended "$phase: $sig"
	done

	at "$phase" "$hook"
	kill -HUP "$pid"
	ok "$phase: HUP: the cycle goes on" wait_for 20 goes_on_until \
	    said 1 "Scan complete: $n databases, $n synced"
	kill -USR2 "$pid"
	ok "$phase: HUP: and the service" wait_for 20 goes_on_until \
	    said 1 '^1 cycles '
	kill -TERM "$pid"
	has_ended "$phase: HUP"

	at "$phase" "$hook"
	kill -USR1 "$pid"
	ok "$phase: USR1: another cycle follows" wait_for 20 goes_on_until \
	    said 2 "Scan complete: $n databases"
	kill -USR2 "$pid"
	ok "$phase: USR1: just one" wait_for 20 goes_on_until \
	    said 1 '^2 cycles '
	kill -TERM "$pid"
	has_ended "$phase: USR1"

	at "$phase" "$hook"
	kill -USR2 "$pid"
	# A service that is stopped itself has to go on first.
	[ "$phase" != scan ] || go_on
	ok "$phase: USR2: figures are said at once" wait_for 20 said 1 \
	    '^[01] cycles '
	kill -TERM "$pid"
	has_ended "$phase: USR2"
done

# What comes before a cycle, and after it, may take long, too.
LITEFLEET_HOOK=reconcile-listed=stop start heedful "$lfh" backup --to store \
    --interval 1h --log-every 1ms --reconcile 1ms "$p"
wait_for 20 hangs || fail "listing: it hangs"
kill -USR2 "$pid"
ok "listing: USR2: figures are said at once" wait_for 10 said 1 '^0 cycles '
kill -USR1 "$pid"
ok "listing: USR1: another cycle follows" wait_for 20 goes_on_until \
    said 2 "Scan complete: $n databases"
kill -TERM "$pid"
has_ended "listing"

mkfifo over
echo 'This is no database.' >bad
start heedful "$lfh" backup --to store --interval 1h --strict \
    --on-failure 'echo begun >&2; read -r x <over' "$p" "$scratch/bad"
ok "command: it runs" wait_for 20 said 1 '^begun'
kill -USR2 "$pid"
ok "command: USR2: figures are said at once" wait_for 10 said 1 '^1 cycles '
kill -USR1 "$pid"
: >over
ok "command: USR1: another cycle follows" wait_for 20 said 2 '^begun'
kill -TERM "$pid"
has_ended "command"

# Many cycles without the store, and one that catches up.
rm -rf store state
start "$lf" backup --to store --interval 100ms "$p"
ok "a service" wait_for 20 said 1 "Scan complete: $n databases, $n synced"
mv store away
for c in 5 10 15 20; do
	"$tools/mkfleet" --touch "$scratch" $n >/dev/null
	ok "$c cycles without the store" wait_for 20 said $c \
	    'error: .*is not there, and the state'
done
mv away store
ok "the next catches up" wait_for 20 said 2 \
    "Scan complete: $n databases, $n synced"
stop "$pid" TERM
is "it ends" "$?" 0
cp "$perr" "$err"
says_not "nothing has failed for good" 'again after'
is "each is there twice" "$("$lf" list --all store | wc -l)" $((2 * n))
done_testing
