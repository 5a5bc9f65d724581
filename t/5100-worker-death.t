#!/bin/sh
# A worker dies of one database: it is named and left out, the rest is done.
. "$(dirname "$0")/lib.sh"

figure()
{
	jq -r "select(.type == \"summary\") | .$1" "$out"
}

"$tools/mkfleet" "$scratch" 1000 >/dev/null || exit 1
p="$scratch/data/*/databases/*/branches/*/tenants/*.db"
bad=$(find "$scratch/data" -name '*.db' | sort | sed -n 500p)

export LITEFLEET_HOOK="image=segv:$bad"
status 1 "SIGSEGV on one path" "$lfh" backup --json --to store "$p"
says "the path is named with the signal" "error: .*signal 11.*$bad"
is "once" "$(grep -c "$bad" "$err")" 1
is "999 others are done" "$(figure synced)" 999
is "of 1000" "$(figure databases)" 1000
is "one failed" "$(figure failed)" 1
is "999 in the store" "$("$lf" list store | wc -l)" 999

status 1 "the next run" "$lfh" backup --json --to store "$p"
says "has it in quarantine" "error: $bad: in quarantine until"
is "and nobody dies" "$(grep -c signal "$err")" 0
is "it counts as failed" "$(figure failed)" 1
unset LITEFLEET_HOOK

status 0 "upload tries it at once" "$lf" upload --to store "$bad"
status 0 "and then it is well again" "$lf" backup --json --to store "$p"
is "none failed" "$(figure failed)" 0

# upload goes on without what kills it, and stores the others once.
rm -rf store state
find "$scratch/data" -name '*.db' | sort | sed -n 400,600p >some
LITEFLEET_HOOK="image=segv:$bad" "$lfh" upload --to store - <some \
    >"$out" 2>"$err"
is "upload of a killer" "$?" 1
says "names it" "error: .*signal 11.*$bad"
is "once" "$(grep -c "$bad" "$err")" 1
is "and tells of the others once" "$(sort -u "$out" | wc -l),$(wc -l <"$out")" \
    200,200
is "each is stored once" "$("$lf" list --all store | wc -l)" 200

# Quarantine that cannot be recorded: two killers of one worker, and all the
# others are stored.
if unshare -m true 2>/dev/null; then
	rm -rf store state
	mkdir full
	cat >full.sh <<-'SH'
	mount -t tmpfs -o size=16k none full || exit 99
	LITEFLEET_HOOK="image=segv:t00050" "$1" backup --jobs 1 	    --state full --to store "$2" 2>full.err
	echo "status $?" >full.status
	SH
	unshare -m sh full.sh "$lfh" "$p"
	is "a full state and ten killers" "$(cat full.status)" "status 1"
	is "each is named once" "$(grep -c signal full.err)" 10
	is "the others are stored" "$("$lf" list store | wc -l)" 990
else
	skip "no mount namespaces here" 3
fi

# exit(3) of a library is a death too.
rm -rf store state
status 1 "a worker that leaves without a word" env \
    LITEFLEET_HOOK="image=exit:$bad" "$lfh" backup --json --to store "$p"
says "is named" "error: .*$bad"
is "999 others are done" "$(figure synced)" 999

# What a clock that was ahead wrote holds nobody back until then.
if command -v faketime >/dev/null; then
	rm -rf store state
	status 1 "a death ten days ahead" env LITEFLEET_HOOK="image=segv:$bad" \
	    faketime -f +10d "$lfh" backup --to store "$bad"
	status 0 "is over today" "$lf" backup --to store "$bad"
else
	skip "no faketime here" 2
fi

# Everything kills: the run ends.
rm -rf store state
status 3 "when every database kills" env LITEFLEET_HOOK="image=segv" "$lfh" \
    backup --to store "$p"
ok "the run ends soon" test "$(grep -c signal "$err")" -le 20
done_testing
