#!/bin/sh
# Servers that mean harm (t/s3/hostile): whatever they answer, each command
# ends, in little memory, with a status and one line that say what is wrong;
# nothing is restored or removed that was not asked for, and keys go nowhere.
. "$(dirname "$0")/lib.sh"
# shellcheck source=t/s3/harm.sh
. "$_s3/harm.sh"

mkdir data
for i in a b c d; do
	sql data/$i.db "CREATE TABLE t(x); INSERT INTO t VALUES('$i-old')"
done
harm hostile
AWS_ACCESS_KEY_ID=hiddenaccess
AWS_SECRET_ACCESS_KEY=hiddensecret
AWS_SESSION_TOKEN=hiddentoken
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
fast='--request-timeout 200ms --connect-timeout 2s'

# url DEED [BELOW]
url()
{
	echo "s3://$1/p${2-}?endpoint=http://127.0.0.1:$port"
}

# Commands, of a deed.
list()
{
	run "list.$1" list "$(url "$1")"
}
restore()
{
	run "restore.$1" restore -o "r.$1" "$(url "$1" /k/a)"
}
pattern()
{
	run "pattern.$1" restore-pattern --no-progress --jobs 1 \
	    --max-retries 0 --output-dir "p.$1" "$(url "$1" /k/)"
}
prune()
{
	run "prune.$1" prune --keep-last 1 "$(url "$1" /k/a)"
}
backup()
{
	run "backup.$1" backup --jobs 1 --state "s.$1" --key 'k/{{1}}' \
	    --to "$(url "$1")" "$scratch/data/*.db"
}
# With a state that knows the databases as stored.
reconcile()
{
	"$lf" backup -q --state "s.$1" --key 'r/{{1}}' --to "$(url "$1")" \
	    "$scratch/data/*.db" || exit 1
	run "reconcile.$1" backup --reconcile 1ms --jobs 1 --state "s.$1" \
	    --key 'r/{{1}}' --to "$(url "$1")" "$scratch/data/*.db"
}
upload()
{
	run "upload.$1" upload --jobs 1 --state "s.$1" --to "$(url "$1")" \
	    "$scratch/data/a.db"
}

"$lf" backup -q --key 'k/{{1}}' --state state --to "$(url good-one)" \
    "$scratch/data/*.db" || exit 1
for i in a b c; do
	sql data/$i.db "UPDATE t SET x = '$i-new'"
done
"$lf" backup -q --key 'k/{{1}}' --state state --to "$(url good-one)" \
    "$scratch/data/*.db" || exit 1

# What breaks off, dribbles or does not end is tried again, so all that is begun
# at once: most of the time it waits.
broken='(too long|cut short|progress for|does not answer as HTTP has it|larger'
broken="$broken than|not the part that was asked for)"
lists='short negative-length endless endless-refusal endless-head line-head
    interim trailers chunk-extension drip http09 switch'
objects='short crumbs'
pattern list-withheld
for deed in $lists; do
	list "list-$deed"
done
for deed in $objects; do
	restore "object-$deed"
	pattern "object-$deed"
done
for deed in short drip-refusal http09; do
	backup "marker-$deed"
done
upload put-endless

fast='--request-timeout 5s --connect-timeout 5s'

# What is whole, and wrong.  A line a deed: what is said of it, and by whom.
cat >deeds <<'END'
list-long	XML that cannot be read	list
list-two-lengths	XML that cannot be read	list
list-empty	XML that cannot be read	list
list-html	no list of objects	list
list-bomb	declares a document type	list
list-entity	declares a document type	list
list-deep	nested too deeply	list
list-many	too many elements	list
list-kinds	too many kinds of elements	list
list-attributes	a tag without an end	list
list-element	a tag without an end	list
list-words	a key that is too long	list
list-big-refusal	403: access denied	list
list-refusal	403: access denied	list
list-same-token	does not get beyond	list prune pattern
list-no-keys	does not get beyond	prune
list-long-token	a token of 3000000 bytes	list prune
list-above	a key that was not asked for	list
list-outside	a key that was not asked for	prune restore
list-unsorted	not in its place	list prune restore pattern
list-twice	not in its place	list prune restore pattern
list-directories	a directory that was not	list prune pattern
list-new-directories	a directory that was not	prune pattern
list-long-key	a key that is too long	list restore
list-negative-size	Size: "-1"	list
list-vast-size	Size: "9223372036854775808"	list
list-bad-time	LastModified: "never"	list
list-nul	invalid character number	list
list-dots	below the directory	restore
object-no-length	not the part that was asked for	restore
object-range-later	not the part that was asked for	restore
object-turned	was replaced while it was read	restore
object-moved-303	not followed to http://localhost	restore
list-moved	not followed to http://localhost	list
list-moved-error	not followed to localhost	list
list-moved-region	sends us elsewhere	list
list-moved-user	not followed to http://127	prune
any-moved-302	not followed to http://localhost	backup
any-moved-308	not followed to http://localhost	backup
any-moved-metadata	not followed to http://169.254	backup
any-moved-file	not followed to file:///	backup
any-moved-backslash	not followed to http://localhost	pattern
any-moved-point	not followed to http://127.0.0.1.	list
any-moved-endpoint-path	not followed to 127.0.0.1:80@	list
END
while IFS='	' read -r deed said who; do
	for command in $who; do
		"$command" "$deed"
	done
done <deeds
# Each of these is one of a database or of a removal, not of the store.
for deed in html gzip scrap tail tebibyte; do
	restore "object-$deed"
done
for deed in other gzip scrap; do
	pattern "object-$deed"
done
lies='html empty unsorted twice same-token no-keys bomb refusal directories
    bad-time moved'
for deed in $lies; do
	reconcile "list-$deed"
done
upload put-moved-307
upload put-moved-within
list list-far-future
backup put-far-future
for deed in moved-307 moved-within; do
	prune "remove-$deed"
done
for deed in denied respelled; do
	run "prune-all.remove-$deed" prune --keep-last 1 \
	    "$(url "remove-$deed" /k/)"
done
run prune-all.remove-html prune --keep-last 1 "$(url remove-html /k/)"
pattern list-split-tag
# shellcheck disable=SC2086	# words
wait $running
for deed in $lists; do
	ends "list.list-$deed" 3 "$broken"
done
for deed in $objects; do
	ends "restore.object-$deed" 3 "$broken"
	ends "pattern.object-$deed" 1 "$broken|is another object" 4
done
for deed in short drip-refusal http09; do
	ends "backup.marker-$deed" 3 "$broken"
done
ends upload.put-endless 1 "$broken"
while IFS='	' read -r deed said who; do
	for command in $who; do
		ends "$command.$deed" 3 "$said"
	done
done <deeds
ends restore.object-html 1 'not an LZ4 frame'
ends restore.object-gzip 1 'not an LZ4 frame'
ends restore.object-scrap 1 'is cut short'
ends restore.object-tail 1 'no trailer of litefleet'
ends restore.object-tebibyte 1 'LZ4: ERROR_frameSize_wrong'
ends pattern.object-other 1 'is another object than it was' 4
ends pattern.object-gzip 1 'is another object than it was' 4
ends pattern.object-scrap 1 'is another object than it was' 4
for deed in $lies; do
	ends "reconcile.list-$deed" 1 'nothing is taken to be lost'
	ok "... and nothing is stored again" grep -q ' 0 synced' \
	    "e.reconcile.list-$deed"
done
ends pattern.list-withheld 3 "$broken" 10 208
ends upload.put-moved-307 1 'not followed to http://localhost'
ends upload.put-moved-within 1 'not followed to http://127.0.0.1'
ends prune.remove-moved-307 1 'not followed to http://localhost'
ends prune.remove-moved-within 1 'not followed to http://127.0.0.1'
not_ok "nobody asks for what a redirect names" grep -q payroll server/log
ends list.list-far-future 3 '403: access denied'
ends backup.put-far-future 1 '403: access denied' 4
for deed in denied respelled; do
	ends "prune-all.remove-$deed" 1 '0 removed' 3
done
ends prune-all.remove-html 1 'does not say what was removed' 3
ends pattern.list-split-tag 0 'Restore complete: 4 found, 4 restored'

held
is "nothing was removed" "$(cat server/removed 2>/dev/null)" ''
is "nothing was restored" "$(find . -name 'r.*' | wc -l)" 0
is "but where all was well" "$(find . -path './p.*' -name '*.db' -o \
    -path './p.*' -type f | cut -d/ -f2 | sort -u)" p.list-split-tag
done_testing
