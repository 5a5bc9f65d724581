#!/bin/sh
# --log-file: what is said goes to a file, which a service opens anew by HUP.
. "$(dirname "$0")/lib.sh"

"$tools/mkfleet" "$scratch" 20 >/dev/null || exit 1
p="$scratch/data/*/databases/*/branches/*/tenants/*.db"
time='^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z'

status 0 "a run" "$lf" backup --log-file log --to store "$p"
is "says nothing on stderr" "$(wc -c <"$err")" 0
ok "but in the file, with the time" grep -qE \
    "$time Scan complete: 20 databases, 20 synced" log
is "which is ours" "$(stat -c %a log)" 600
status 2 "an error" "$lf" prune --log-file log --keep-last 1
is "is not on stderr" "$(wc -c <"$err")" 0
ok "either" grep -qE "$time litefleet: error: prune takes one URL" log
is "and nothing is cut" "$(wc -l <log)" 2
status 1 "JSON" "$lf" list --log-format json --log-file json "store/nothing*"
ok "is JSON" jq -e .message json
status 2 "a file that cannot be" "$lf" backup --log-file none/log \
    --to store "$p"
says "is said on stderr" 'error: --log-file none/log: No such file'

# in FILE N ERE: a line, N times or more.
in_file()
{
	[ "$(grep -cE -e "$3" "$1" 2>/dev/null)" -ge "$2" ]
}

start "$lf" backup --log-file svc -v --to store --interval 1h --strict \
    --on-failure 'echo told >&2' "$p"
ok "a service" wait_for 10 in_file svc 1 'Scan complete'
mv svc svc.1
kill -HUP "$pid"
ok "HUP makes the file anew" wait_for 10 test -e svc
is "with the same mode" "$(stat -c %a svc)" 600
bytes=$(wc -c <svc.1)
"$tools/mkfleet" --touch "$scratch" 20 >/dev/null
db=$(find data -name '*.db' | head -n 1)
echo text >"$(dirname "$db")/text.db"
kill -USR1 "$pid"
ok "the next cycle is in it" wait_for 10 in_file svc 1 'Scan complete'
ok "what workers say" in_file svc 20 "$time .*: stored as"
ok "their errors" in_file svc 1 'error: .*text\.db'
ok "and commands" wait_for 10 in_file svc 1 '^told$'
is "and nothing in the one that was moved" "$(wc -c <svc.1)" "$bytes"
mkdir elsewhere
mv svc elsewhere/svc
mkdir svc
kill -HUP "$pid"
ok "where it cannot be opened" wait_for 10 in_file elsewhere/svc 1 \
    'warning: --log-file svc: Is a directory; the log goes on'
stop "$pid" TERM
is "TERM" "$?" 0
ok "it goes on where it was" in_file elsewhere/svc 1 'stopped by Terminated'
rm "$(dirname "$db")/text.db"

# In a long cycle, too; and where it was told to survive its terminal.
"$tools/mkfleet" --touch "$scratch" 20 >/dev/null
LITEFLEET_HOOK="store=stop:t000003.db" start sh -c 'trap "" HUP; exec "$@"' \
    sh "$lfh" backup --log-file long \
    --to store --interval 1h "$p"
hangs()
{
	for child in $(pgrep -P "$pid"); do
		grep -q '^State:.T' "/proc/$child/status" && return
	done
	return 1
}
# heeds LOG WORDS: what hangs heeds HUP, and says WORDS in the new file.
heeds()
{
	ok "it hangs" wait_for 10 hangs
	mv "$1" "$1.1"
	kill -HUP "$pid"
	ok "HUP is heeded in it" wait_for 10 test -e "$1"
	kill -CONT "$child"
	ok "its end is in the new file" wait_for 10 in_file "$1" 1 "$2"
	stop "$pid" TERM
}
heeds long ' 20 synced'
is "the moved one is empty" "$(wc -c <long.1)" 0
is "nothing was said on stderr" "$(wc -c <"$perr")" 0

# And while the store is listed, before one.
LITEFLEET_HOOK="reconcile-list=stop:t000003.db" start "$lfh" backup \
    --log-file list --to store --interval 1h --reconcile 1ms "$p"
heeds list 'Scan complete'
done_testing
