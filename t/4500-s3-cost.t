#!/bin/sh
# What a run asks of S3, counted by what the server saw.
. "$(dirname "$0")/lib.sh"
s3_start
s3_front

p="$scratch/data/*/databases/*/branches/*/tenants/*.db"
"$tools/mkfleet" "$scratch" 100 >/dev/null || exit 1

# counts NAME GET HEAD PUT OTHER: since the last time.  (Requests are written
# down when they are over, a moment after the answer.)
counts()
{
	wait_for 5 all_seen $(($2 + $3 + $4 + $5))
	is "$1" "$(s3_seen '^GET ') GET, $(s3_seen '^HEAD ') HEAD, $(
	    s3_seen '^PUT ') PUT, $(s3_seen '^[^GHP]') other" \
	    "$2 GET, $3 HEAD, $4 PUT, $5 other"
	s3_mark
}

all_seen()
{
	[ "$(s3_seen .)" -ge "$1" ]
}

json()
{
	jq -r "select(.type == \"summary\") | $1" "$out"
}

# The summary knows it too.
same()
{
	is "$1, as the summary says" "$(json '[.requests_get, .requests_head,
	    .requests_list, .requests_put, .requests_part, .requests_remove,
	    .requests_again] | @csv')" "$2"
}

not_racy
status 0 "the first run" "$lf" backup --json --to "$s3" "$p"
is "stores a hundred" "$(json .synced)" 100
marker=$(s3_seen '^(GET|HEAD|PUT) [0-9]+ [0-9]+ [^ ]*/\.litefleet/store$')
heads=$(s3_seen '^HEAD ')
# A server without If-None-Match is asked in other ways whether there is one.
ok "the marker costs two to four requests" test "$marker" -le 4
same "one PUT each, and the marker" "1,$heads,0,$((marker - 1 - heads + 100)),0,0,0"
counts "one PUT each, and the marker" 1 "$heads" $((marker - 1 - heads + 100)) 0

status 0 "an idle run" "$lf" backup --json --to "$s3" "$p"
same "nothing" 0,0,0,0,0,0,0
counts "an idle run asks for nothing" 0 0 0 0
# (The leak sanitizer of a DEV=1 build cannot work below strace.)
status 0 "another" env ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o connects \
    -e trace=connect,execve "$lf" backup -q --to "$s3" "$p"
ok "is looked into" grep -q 'execve(.*litefleet.* = 0' connects
not_ok "and does not even connect" grep AF_INET connects

for n in 1 7; do
	"$tools/mkfleet" --touch "$scratch" "$n" >/dev/null || exit 1
	status 0 "$n changed" "$lf" backup --json --to "$s3" "$p"
	same "a GET and $n PUT" "1,0,0,$n,0,0,0"
	counts "the marker, and a PUT for each of $n" 1 0 "$n" 0
	not_racy
	"$lf" backup -q --to "$s3" "$p"
	s3_mark
done

# Touched, and read again, but its content is as stored: the marker alone.
touch "$(find "$scratch/data" -name '*.db' | head -n 1)"
status 0 "a touched one" "$lf" backup --json --to "$s3" "$p"
is "is read" "$(json '[.synced, .reread] | @csv')" 0,1
counts "and costs the marker's GET" 1 0 0 0

status 0 "-vv shows each request" "$lf" upload -vv --jobs 4 --to "$s3" \
    "$(find "$scratch/data" -name '*.db' | head -n 1)"
is "two of them" "$(grep -acE '^(GET|PUT|HEAD) s3://[^ ]*: 200, ' "$err")" 2
says "with status, time, bytes, try" \
    '^PUT s3://.*: 200, [0-9]+ ms, [0-9]+ bytes, try 1$'
counts "and no more were seen, with four workers" 1 0 1 0

status 0 "a list" "$lf" list "$s3"
counts "is the marker and a listing" 2 0 0 0
db=$(find "$scratch/data" -name '*.db' | head -n 1)
url="${s3%%\?*}$db?${s3#*\?}"
s3_mark
status 0 "a restore" "$lf" restore -q -o x.db "$url"
wait_for 5 all_seen 3
n=$(s3_seen ' [^ ]*\.db\.lz4$')
is "reads its object once" "$n" 1
ok "after a search for the store" test "$(s3_seen .)" -le 20

# A change that comes back after the answer was lost is stored once more, not
# lost: at most one more PUT.
s3_faults lost=10000
"$tools/mkfleet" --touch "$scratch" 1 >/dev/null
start "$lf" backup --jobs 1 --to "$s3" "$p"
tried()
{
	[ "$(s3_seen '^(GET|PUT) ')" -ge 2 ]
}
wait_for 10 tried
s3_faults lost=0
wait "$pid"
is "a lost answer is asked for again" "$?" 0
done_testing
