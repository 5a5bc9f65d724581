#!/bin/sh
# backup --reconcile: what the store has lost behind our back is stored again,
# and nothing else is.
. "$(dirname "$0")/lib.sh"
use_store
st=${base:-$scratch/}st
n=4000
[ "$LITEFLEET_STORE" = dir ] || n=2500

"$tools/mkfleet" "$scratch" $n >/dev/null || exit 1
p="$scratch/data/*/databases/*/branches/*/tenants/*.db"
not_racy

backup()
{
	"$lf" backup --to "$st" "$@" "$p"
}

# lose PATTERN: the newest objects of the keys that match go.
lose()
{
	objects st >before
	grep -E "$1" before | sort -r | awk '{
		key = $0
		sub("/[^/]*$", "", key)
		if (!(key in seen))
			print
		seen[key] = 1
	}' | sort >lost
	while read -r _name; do
		if [ "$LITEFLEET_STORE" = dir ]; then
			rm "st/$_name"
		else
			"$_s3/s3" rm "$s3_bucket" "$s3_prefix/st/$_name"
		fi
	done <lost
}

keys_of()
{
	sed 's,/[^/]*$,,' "$1" | sort
}

# What is there again are newer objects of the keys that were lost.
regained()
{
	objects st >after
	comm -13 before after >new
	keys_of new >have
	keys_of lost >want
	ok "$1: exactly what was lost is stored again" cmp have want
	is "$1: nothing else has changed" "$(comm -23 before after | wc -l)" \
	    "$(wc -l <lost)"
	ok "$1: under names that are later" later
}

# For each key the new name comes after the one that was lost.
later()
{
	paste lost new | awk '$1 >= $2 { bad = 1 } END { exit bad }'
}

for bad in 0 1x ''; do
	status 2 "--reconcile \"$bad\" is refused" backup --reconcile "$bad"
done

status 0 "a first run" backup --reconcile 1h
says "stores all" " $n synced"
says_not "and has nothing to compare" 'reconcile'
lose '/t0+(5|77|123|2000)\.db/'
is "four objects go" "$(wc -l <lost)" 4
status 0 "a run within the time" backup --reconcile 1h
says "sees nothing of it" ' 0 synced'
status 0 "nor does one without the option" backup
says "see anything" ' 0 synced'
status 0 "when it is time" backup --reconcile 1ms
says "what is lost is counted" \
    'warning: --reconcile: the store has lost the newest backups of 4 data'
says "and stored by the same run" ' 4 synced'
regained "once"
status 0 "the next" backup --reconcile 1ms
says "finds all" "the store has all .*\\($n databases\\)"
says "and stores nothing" ' 0 synced'
if [ "$LITEFLEET_STORE" = s3 ]; then
	says "its requests are counted" 'requests: 1 get [0-9]+ list'
	status 0 "of a run that does not ask" backup
	says_not "there are none" 'requests'
fi

# Older backups of a key are no replacement for the newest.
db=$(find data -name 't*0077.db')
sql "$db" 'UPDATE t SET n = n + 1'
not_racy
status 0 "a second version" backup
lose '/t0+77\.db/'
status 0 "is missed" backup --reconcile 1ms
says "although there is an older one" ' of 1 data'
regained "a second version"

# A listing that breaks off amid: nothing is lost by it.
lose '/t0+(1|2|3)\.db/'
LITEFLEET_HOOK="reconcile-list=exit:/t0" status 1 "a listing breaks off" \
    "$lfh" backup --to "$st" --reconcile 1ms "$p"
says "which is said" 'error: --reconcile: .*nothing is taken to be lost'
says "and counted" 'Scan complete: .* 0 synced .*, not reconciled'
LITEFLEET_HOOK="reconcile-listed=kill" status 1 "killed before it acts" \
    "$lfh" backup --to "$st" --reconcile 1ms "$p"
says "it has not acted" ' 0 synced'
LITEFLEET_HOOK="state-put=kill" status 1 "killed when it acts" \
    "$lfh" backup --to "$st" --reconcile 1ms "$p"
says "is said, too" 'error: --reconcile: .*signal 9'
status 0 "the next run" backup --reconcile 1ms
says "tries again" ' of 3 data'
regained "a later try"

# Of a database that is gone nothing can be stored.
lose '/t0+(11|12)\.db/'
gone=$(find data -name 't*0011.db')
mv "$gone" gone.db
status 0 "a database is gone, and its backup" backup --reconcile 1ms
says "both are counted" ' of 2 data'
says "one is stored" ' 1 synced'
status 0 "later" backup --reconcile 1ms
says_not "it is not counted again" 'has lost'
mv gone.db "$gone"
status 0 "it is back" backup
says "and is stored" ' 1 synced'

# A service.
said()
{
	[ "$(grep -cE -e "$2" "$perr")" -ge "$1" ]
}
# Objects go one after the other, and it may list between them.
synced()
{
	awk -v want="$1" '{
		for (i = 2; i <= NF; i++)
			if ($i == "synced" || $i == "synced,")
				n += $(i - 1)
	} END { exit n < want }' "$perr"
}
objects st >before
start "$lf" backup --to "$st" --interval 300ms --reconcile 1s "$p"
ok "a service" wait_for 20 said 1 'Scan complete'
ok "compares again and again" wait_for 20 said 2 'the store has all'
not_ok "having stored nothing" synced 1
lose '/t0+(5|6)\.db/'
ok "and stores what is lost" wait_for 20 synced 2
stop "$pid" TERM
is "it ends" "$?" 0
regained "a service"

# TERM while the store is listed.
LITEFLEET_HOOK="reconcile-list=stop" start "$lfh" backup --to "$st" \
    --interval 1h --reconcile 1ms "$p"
lists()
{
	child=$(pgrep -P "$pid") && grep -q '^State:.T' "/proc/$child/status"
}
ok "it lists" wait_for 10 lists
began=$(_now_ms)
stop "$pid" TERM
is "TERM ends it" "$?" 0
ok "soon" [ $(($(_now_ms) - began)) -lt 3000 ]
not_ok "with the role" kill -0 "$child"
cp "$perr" "$err"
says_not "and nothing is lost by it" 'error:|has lost'

# Another store, or none, in its place is no store that has lost all.
if [ "$LITEFLEET_STORE" = dir ]; then
	mv st/.litefleet/store marker
	status 3 "a store without its marker" backup --reconcile 1ms
	says "is not ours" 'not the store that the state speaks of'
	mv st st.away
	status 3 "none" backup --reconcile 1ms
	says "neither" 'st is not there, and the state'
	mv st.away st
	mv marker st/.litefleet/store
else
	"$_s3/s3" cat "$s3_bucket" "$s3_prefix/st/.litefleet/store" >marker
	"$_s3/s3" rm "$s3_bucket" "$s3_prefix/st/.litefleet/store"
	status 3 "a store without its marker" backup --reconcile 1ms
	says "is not ours" 'not the store that the state speaks of'
	"$_s3/s3" put "$s3_bucket" "$s3_prefix/st/.litefleet/store" <marker
fi
status 0 "when it is back" backup --reconcile 1ms
says "nothing is lost" ' 0 synced'

# A directory in it that cannot be read.
if [ "$LITEFLEET_STORE" != dir ] || ! can_be_nobody; then
	skip "a directory store, and root" 4
	done_testing
	exit
fi
chmod -R a+rwX st state data
deep=$(find st -type d -path '*branches/b0/tenants' | head -n 1)
chmod 0 "$deep"
status 1 "a directory of the store that cannot be read" as_nobody "$lf" \
    backup --to "$st" --reconcile 1ms --exclude '*' "$p"
says "is named" 'error: --reconcile: .*tenants/?: Permission denied'
chmod 700 "$deep"
chmod -R a+rwX st
status 0 "when it can" backup --reconcile 1ms
says "nothing was lost" ' 0 synced'
done_testing
