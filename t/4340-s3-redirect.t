#!/bin/sh
# A server that sends us on: followed once and said once, and neither keys nor
# data go to a foreign host.
. "$(dirname "$0")/lib.sh"
s3_start_ceph
direct=$AWS_ENDPOINT_URL
s3_front
unset AWS_ENDPOINT_URL

"$tools/mkfleet" "$scratch" 60 >/dev/null || exit 1
p="$scratch/data/*/databases/*/branches/*/tenants/*.db"
db=$(find "$scratch/data" -name '*.db' | head -n 1)

# For the time being (307): each request, by the one who got it.
s3_faults f307=10000
status 0 "307: a backup by four workers" "$lf" backup --jobs 4 --to "$s3" "$p"
is "is said once" "$(grep -ac 'sends us on to' "$err")" 1
says "with where to" "^store s3://test/p: the server sends us on to $direct/"
is "all is there" "$(AWS_ENDPOINT_URL=$direct "$_s3/s3" ls test p/ |
    grep -c '\.db\.lz4$')" 60
status 0 "307: a list" "$lf" list "$s3"
is "of all" "$(wc -l <"$out")" 60
is "is said once" "$(grep -ac 'sends us on to' "$err")" 1
status 0 "307: a restore" "$lf" restore -o 307.db "${s3%%\?*}$db?${s3#*\?}"
is "gives it back" "$(sql 307.db .dump | sha256sum)" \
    "$(sql "$db" .dump | sha256sum)"
s3_faults f307=0

# For good (301), to another endpoint.
answer moved '301 Moved Permanently' "<Error><Code>PermanentRedirect</Code>\
<Message>Elsewhere.</Message><Endpoint>${direct#http://}</Endpoint></Error>"
respond endpoint cat moved
"$tools/mkfleet" --touch "$scratch" 60 >/dev/null
status 0 "301: a backup by four workers" "$lf" backup --jobs 4 --state 301 \
    --json --to "s3://test/301?endpoint=$url" "$p"
is "stores all" "$(jq -r 'select(.type == "summary") | .synced' "$out")" 60
is "is said once" "$(grep -ac 'sends us on to' "$err")" 1
says "with where to" \
    "^store s3://test/301: the server sends us on to ${direct#http://} "
status 0 "301: a list" "$lf" list "s3://test/301?endpoint=$url"
is "of all" "$(wc -l <"$out")" 60
rm endpoint.log
status 0 "301: an upload" "$lf" upload --state 301 --jobs 1 \
    --to "s3://test/301?endpoint=$url" "$db"
is "it is asked once, and no more" "$(asked endpoint ' HTTP/1.1')" 1

# Another region: those that are under way are signed anew, all of them.
answer region '301 Moved Permanently' "<Error><Code>PermanentRedirect</Code>\
<Message>Elsewhere.</Message></Error>" 'x-amz-bucket-region: eu-test-1'
cat >by-region <<'END'
#!/bin/sh
case $(tr -d '\0' | sed 20q) in
'PUT '*.db.lz4\ *Credential=*/us-east-1/s3/*) cat region ;;
esac
END
chmod +x by-region
respond region ./by-region
status 0 "301 to a region: a backup by two workers" "$lf" backup --jobs 2 \
    --concurrent 8 --state region.st --json \
    --to "s3://test/region?endpoint=$url" "$p"
is "those under way are signed anew" \
    "$(jq -r 'select(.type == "summary") | .synced' "$out")" 60
is "is said once" "$(grep -ac 'sends us on to' "$err")" 1
says "with the region" '\(region eu-test-1\)$'
ok "not each is refused first" test \
    "$(asked region '^Authorization: .*/us-east-1/s3/')" -lt 60

# In a circle: once, then it is an error.
answer circle '301 Moved Permanently' "<Error><Code>PermanentRedirect</Code>\
<Message>Elsewhere.</Message></Error>" 'x-amz-bucket-region: eu-test-1'
respond circle cat circle
status 3 "in a circle" "$lf" backup --state circle.st --to \
    "s3://test/circle?endpoint=$url" "$p"
says "is an error" '^litefleet: error: .*301 PermanentRedirect: Elsewhere'
is "after two requests" "$(asked circle ' HTTP/1.1')" 2

# To a foreign host: nothing goes there.  (127.0.0.1 is not localhost.)
AWS_SESSION_TOKEN=hiddentoken
export AWS_SESSION_TOKEN
respond foreign true
foreign=localhost:${url##*:}
answer good '301 Moved Permanently' "<Error><Code>PermanentRedirect</Code>\
<Message>Elsewhere.</Message><Endpoint>$foreign</Endpoint></Error>"
answer once '307 Temporary Redirect' "" "Location: http://$foreign/test/x?a=b"
answer other '307 Temporary Redirect' "" "Location: ftp://127.0.0.1/test/x"
for how in good once other; do
	respond "$how" cat "$how"
	to="s3://test/f?endpoint=$url"
	ASAN_OPTIONS=detect_leaks=0 strace -f -qq -e trace=openat -o opened \
	    "$lf" backup -vv --state "$how.st" --to "$to" "$p" >"$out" 2>"$err"
	is "$how: status of a backup" "$?" 3
	says "$how: says why" \
	    '^litefleet: error: .* not followed to .*make it the endpoint'
	is "$how: before a database is read" "$(grep -c '\.db"' opened)" 0
	says_not "$how: without the token" hiddentoken
	status 3 "$how: status of a list" "$lf" list "$to"
	status 3 "$how: status of a restore" "$lf" restore -o x.db \
	    "s3://test/f$db?endpoint=$url"
	ok "$how: it was asked" test "$(asked "$how" '^GET ')" -ge 3
done
not_ok "the foreign host has seen nothing" test -e foreign.log
done_testing
