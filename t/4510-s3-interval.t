#!/bin/sh
# What a service asks of S3: the marker once, then a PUT for each change; and a
# store that is away for a while costs nobody an hour.
. "$(dirname "$0")/lib.sh"
s3_start
s3_front

p="$scratch/data/*/databases/*/branches/*/tenants/*.db"
"$tools/mkfleet" "$scratch" 20 >/dev/null || exit 1
db=$(find "$scratch/data" -name '*.db' | sort | head -n 1)
not_racy
status 0 "a first run" "$lf" backup --to "$s3" "$p"

said()
{
	[ "$(grep -cE -e "$2" "$perr")" -ge "$1" ]
}

seen()
{
	[ "$(s3_seen "$2")" -ge "$1" ]
}

# A run that asked for the marker today does not keep a service from its look.
s3_mark
start "$lf" backup --to "$s3" --interval 1h --listen 127.0.0.1:0 -v "$p"
ok "a cycle without changes" wait_for 10 said 1 'Scan complete'
for n in 1 2 3; do
	sql "$db" 'UPDATE t SET n = n + 1'
	not_racy
	kill -USR1 "$pid"
	ok "change $n is stored" wait_for 10 said "$n" ' 1 synced'
done
ok "by three requests" wait_for 5 seen 3 '^PUT 200 '
is "and nothing else is asked" "$(s3_seen .)" 3

# While the store answers 500 to all, and after.
if [ -n "$_s3_foreign" ]; then
	stop "$pid" TERM
	done_testing
	exit
fi
sql "$db" 'UPDATE t SET n = n + 1'
# (Of its own failures a database would have to wait, from the second on.)
s3_faults f500=10000
not_racy
for n in 1 2 3 4 5; do
	kill -USR1 "$pid"
	ok "cycle $n fails" wait_for 30 said "$n" "error: .*500"
	ok "and is over" wait_for 10 said 1 ' 1 failed'
	kill -USR2 "$pid"
	ok "with $n that had failures" wait_for 10 said 1 \
	    "cycles \\($n not without"
done
page=$(sed -n 's,.*shown at \(http://.*\)/$,\1,p' "$perr")
is "a store that answers nothing else is not well" \
    "$(curl -s "$page/healthz" -w ' %{http_code}' | tr -d '\n')" \
    "nothing could be stored: the store does not answer 503"
s3_faults f500=0
kill -USR1 "$pid"
ok "the next is at once good again" wait_for 20 said 4 ' 1 synced'
is "and it is well" "$(curl -s "$page/healthz")" ok
stop "$pid" TERM
is "it ends" "$?" 0
done_testing
