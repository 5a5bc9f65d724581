#!/bin/sh
# A server that means harm (t/s3/hostile) takes a database in parts: whatever
# it answers, nothing counts as stored that it did not say is, nothing that it
# said gets into a request as anything but a value, and nobody goes elsewhere.
. "$(dirname "$0")/lib.sh"
# shellcheck source=t/s3/harm.sh
. "$_s3/harm.sh"

harm hostile
AWS_ACCESS_KEY_ID=hiddenaccess
AWS_SECRET_ACCESS_KEY=hiddensecret
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
sql big.db "CREATE TABLE t(x); INSERT INTO t SELECT randomblob(70000000)"
fast='--request-timeout 10s --connect-timeout 5s'

# upload DEED
upload()
{
	run "$1" upload --json --jobs 1 --state "s.$1" --spool "$scratch" \
	    --to "s3://$1/p?endpoint=http://127.0.0.1:$port" "$scratch/big.db"
}

# A line a deed: what is said of it.
cat >deeds <<'END'
create-html	without an id
create-empty	XML that cannot be read
create-no-id	without an id
create-long-id	larger than 65536 bytes
create-bomb	declares a document type
create-moved-307	not followed to http://localhost
create-refusal	403
part-untagged	without an ETag
part-moved-307	not followed to http://localhost
part-refusal	403
complete-html	does not say that it
complete-empty	does not say that it
complete-error	InternalError
complete-bomb	does not say that it
complete-moved-307	not followed to http://localhost
END
while IFS='	' read -r deed said; do
	upload "$deed"
	# shellcheck disable=SC2086	# words
	wait $running
done <deeds
# What others have left there, it says.
for deed in uploads-foreign uploads-crowd uploads-vast-id; do
	upload "$deed"
	# shellcheck disable=SC2086	# words
	wait $running
done
# What it said is a value, whatever it looks like.
rm -f server/completed
for deed in create-split-id create-query-id part-xml-tag; do
	upload "$deed"
	# shellcheck disable=SC2086	# words
	wait $running
done
while IFS='	' read -r deed said; do
	ends "$deed" 1 "$said" 1 400
	is "$deed: it does not count as stored" "$(jq -r 'select(.type ==
	    "summary") | [.synced, .failed] | @csv' "o.$deed")" 0,1
done <deeds
for deed in create-split-id create-query-id part-xml-tag; do
	ends "$deed" 0 '1 synced'
done
is "an id stays one" "$(grep -c "^create-split-id complete .*[?&]uploadId=\
i%0D%0AX-Smuggled%3A%201\$" server/log)" 1
is "whatever is in it" "$(grep -c "^create-query-id complete .*[?&]uploadId=\
i%26partNumber%3D9%26acl%23x\$" server/log)" 1
is "and so does an ETag" "$(tail -n 1 server/completed | grep -o \
    '<ETag>[^<]*</ETag>' | sort -u)" \
    '<ETag>&quot;&lt;/ETag&gt;&lt;Smuggled/&gt;&amp;&quot;</ETag>'
for deed in uploads-foreign uploads-crowd uploads-vast-id; do
	ends "$deed" 0 '1 synced'
done
is "what is not of this database is not aborted" \
    "$(grep -c '^uploads-foreign remove ' server/log)" 0
n=$(grep -c '^uploads-crowd remove .*uploadId=id' server/log)
ok "what is left of it is, a hundred at a time ($n)" test "$n" -eq 100
held
done_testing
