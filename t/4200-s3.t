#!/bin/sh
# A store in S3: what a directory store has no equal for.
. "$(dirname "$0")/lib.sh"
LITEFLEET_STORE=s3
use_store

summary()
{
	jq -r "select(.type == \"summary\") | $1" "$out"
}

mkdir data
for i in 1 2 3; do
	sql data/$i.db "CREATE TABLE t(x); INSERT INTO t VALUES($i)"
done
p="$scratch/data/*.db"

# The URL says everything, or the environment does.
status 0 "a backup with all in the URL" env -u AWS_ENDPOINT_URL "$lf" backup \
    --to "$s3&region=us-east-1" "$p"
says "counts its requests" 'requests: .*[45] put'
status 0 "a list with the endpoint from the environment" "$lf" list \
    "s3://$s3_bucket/$s3_prefix"
is "shows the same store" "$(wc -l <"$out")" 3
for var in AWS_ENDPOINT_URL_S3 AWS_ENDPOINT; do
	status 0 "the endpoint from $var" env -u AWS_ENDPOINT_URL \
	    "$var=$AWS_ENDPOINT_URL" "$lf" list "s3://$s3_bucket/$s3_prefix"
done
is "the objects are where they should be" "$("$_s3/s3" ls "$s3_bucket" \
    "$s3_prefix/" | sed "s,/[^/]*\.db\.lz4$,," | sort | tr '\n' ' ')" \
    "$s3_prefix/.litefleet/store $(for i in 1 2 3; do
    printf '%s%s/data/%d.db ' "$s3_prefix" "$scratch" $i; done)"
not_racy
"$lf" backup -q --to "$s3" "$p"
status 0 "options do not make another store" "$lf" backup --json \
    --to "$s3&storage-class=STANDARD&sign-payload=1&part-size=8M" "$p"
is "so nothing is stored again" "$(summary .synced)" 0

for bad in 's3://' 's3:test' 's3://UPPER/x' 's3://ab/x' 's3://test/../x' \
    's3://test/x?colour=red' 's3://test/x?endpoint=ftp://h' \
    's3://test/x?part-size=1' 's3://test/x?region=a&region=b'; do
	status 2 "a wrong URL: $bad" "$lf" backup --to "$bad" "$p"
done
"$lf" backup --to 's3://test/x?colour=red' "$p" 2>"$err"
for word in endpoint region path-style storage-class sse acl \
    require-content-md5 part-size sign-payload skip-verify; do
	says "an unknown option is answered by the list: $word" \
	    "[ (,]$word([ ,:;)]|\$)"
done

# A store below a store, a bucket as a store.
# What a message tells to do works as it stands.
for url in "$s3" "$s3&region=us-east-1"; do
	status 1 "a restore of what is not there" env -u AWS_ENDPOINT_URL "$lf" \
	    restore -o none.db "${url%%\?*}/no?ne?${url#*\?}"
	hint=$(sed -n "s/.*; litefleet \(list '.*'\) shows what.*/\1/p" "$err")
	status 0 "says what to do: $hint" env -u AWS_ENDPOINT_URL \
	    sh -c "'$lf' $hint"
	is "which shows what there is" "$(wc -l <"$out")" 3
done

status 0 "a store below" "$lf" backup -q --state st2 --to "${base}below/it" \
    --key '{{1}}' "$p"
status 0 "is found by what is in it" "$lf" restore -q -o below.db \
    "${base}below/it/2"
is "and gives it back" "$(sql below.db 'SELECT x FROM t')" 2
if [ -z "${LITEFLEET_TEST_S3:-}" ]; then
	"$_s3/s3" mb whole
	status 0 "a whole bucket" "$lf" backup -q --state st3 --to s3://whole \
	    --key '{{1}}' "$p"
	status 0 "can be listed" "$lf" list s3://whole
	is "it all" "$(cut -f3 "$out" | tr '\n' ' ')" '1 2 3 '
	status 0 "by glob" "$lf" list 's3://whole/[12]'
	is "in part" "$(cut -f3 "$out" | tr '\n' ' ')" '1 2 '
	status 0 "and restored from" "$lf" restore -q -o whole.db s3://whole/3
	# As other tools are called.
	status 0 "the flags of other tools" "$lf" backup -bucket whole \
	    -region us-east-1 -path 'o/{{tenant}}' \
	    -pattern "$scratch/data/{{tenant}}.db" -concurrent 7 \
	    -access-key "$AWS_ACCESS_KEY_ID" \
	    -secret-key "$AWS_SECRET_ACCESS_KEY"
	says "warn of keys in sight" 'warning: .*AWS_SECRET_ACCESS_KEY'
	is "and store as told" "$("$lf" list 's3://whole/o' | cut -f3 |
	    tr '\n' ' ')" 'o/1 o/2 o/3 '
	status 0 "or would" "$lf" backup -dry-run -bucket whole \
	    -path '{{1}}x' -pattern "$p"
else
	skip "needs a bucket of its own" 9
fi
status 2 "a bucket and a store" "$lf" backup -bucket b --to s3://test "$p"
status 2 "a region alone" "$lf" backup -region r --to s3://test "$p"
status 2 "half a pair of keys" "$lf" backup --access-key a --to s3://test "$p"
status 2 "no time at all" "$lf" backup --request-timeout 0 --to s3://test "$p"
status 2 "nothing at once" "$lf" backup --concurrent 0 --to s3://test "$p"

# In /proc the keys are not to be read.
some=$scratch/data/1.db
LITEFLEET_HOOK="image=stop:$some" start "$lfh" backup --jobs 1 \
    --state st4 --to "${base}argv" --access-key hiddenaccess \
    --secret-key=hiddensecret -n "$p"
wait "$pid"
LITEFLEET_HOOK="image=stop:$some" start "$lfh" backup --jobs 1 \
    --state st4 --to "${base}argv" --access-key "$AWS_ACCESS_KEY_ID" \
    --secret-key="$AWS_SECRET_ACCESS_KEY" "$p"
ok "it is under way" wait_for 10 sh -c \
    "grep -q '^State:.T' /proc/\$(pgrep -P $pid)/status"
tr '\0' ' ' <"/proc/$pid/cmdline" >cmdline
cp cmdline "$out"
prints "its arguments show" '--secret-key=\*+ '
is "no key" "$(grep -cF -e "$AWS_ACCESS_KEY_ID" -e "$AWS_SECRET_ACCESS_KEY" \
    cmdline)" 0
pkill -CONT -P "$pid"
wait "$pid"
is "and they work" "$?" 0

# Names that are hard to write make the round trip.
mkdir odd
tab=$(printf '\t')
i=0
for name in 'a b' 'a+b' 'a%b' 'a%2Fb' 'a~b' 'a=b' 'a&b' 'a;b' 'a:b' \
    'a#b' 'a\b' "a'b" 'a"b' 'a<b>' 'a[b]{c}' 'a*b' 'a?b' '?' 'a?b=c' \
    "a${tab}b" 'äöü' '日本' \
    "$(printf 'a\377b')" "$(printf 'a\nb')" '-a' '.a.b' 'a..' "$(
    printf '%0240d' 0)"; do
	i=$((i + 1))
	sql "odd/$name" "CREATE TABLE t(x); INSERT INTO t VALUES($i)"
done
status 0 "odd names are stored" "$lf" backup -q --state odd-st \
    --to "${base}odd" "$scratch/odd/{,.}*"
is "all" "$("$lf" list -0 "${base}odd" | tr -dc '\0' | wc -c)" "$i"
mkdir back
"$lf" list -0 "${base}odd" | tr '\0\n' '\n\0' | cut -f3 >keys
n=0
while IFS= read -r key <&3; do
	n=$((n + 1))
	# With an option behind it any key can be named.
	"$lf" restore -q -o back/$n.db "${base}odd/$key?path-style=1" ||
	    diag "$key"
done 3<keys
is "and come back" "$(for f in back/*.db; do
    sql "$f" 'SELECT x FROM t'; done | sort -n | tr '\n' ' ')" \
    "$(seq -s ' ' "$i") "

status 0 "a question mark is a byte of a key" "$lf" restore -q -o q.db \
    "${base}odd$scratch/odd/a?b"
is "and of no other" "$(sql q.db .dump | sha256sum)" \
    "$(sql 'odd/a?b' .dump | sha256sum)"
status 0 "and no wildcard" "$lf" list "${base}odd$scratch/odd/[a]?b"
is "in a glob" "$(wc -l <"$out")" 1
status 2 "what looks like options is some" "$lf" restore -q -o q2.db \
    "${base}odd$scratch/odd/a?b=c"
says "and they are listed" 'no option "b"; there are endpoint, region'

# More keys than an answer to a listing holds.
"$tools/mkfleet" "$scratch/many" 1300 >/dev/null
status 0 "more than a thousand" "$lf" backup -q --state many-st \
    --to "${base}many" "$scratch/many/**/*.db"
status 0 "are listed" "$lf" list "${base}many"
is "all of them" "$(wc -l <"$out")" 1300

# One backup an hour.
now=$(date +%s)
hour=$(date -u -d "@$(((now / 3600 + 1) * 3600))" +%Y%m%dT%H0000.000Z)
for i in 1 2 3; do
	sql data/1.db "INSERT INTO t VALUES('again $i')"
	"$lf" upload -q --resolution 1h --state res-st --to "${base}res" \
	    --pattern "$p" --key '{{1}}' data/1.db >/dev/null 2>"$err" ||
	    fail "upload with a resolution"
done
"$_s3/s3" ls "$s3_bucket" "$s3_prefix/res/1/" >names
ok "three backups are one object" test "$(wc -l <names)" -le 2
is "named after the end of the hour" "$(head -n 1 names)" \
    "$s3_prefix/res/1/$hour.db.lz4"
status 0 "the newest name is restored, future or not" "$lf" restore -q \
    -o res.db "${base}res/1"
is "with the last content" "$(sql res.db 'SELECT max(x) FROM t')" 'again 3'
"$lf" upload -q --state res-st --to "${base}res" --pattern "$p" \
    --key '{{1}}' data/1.db >/dev/null 2>"$err"
"$_s3/s3" ls "$s3_bucket" "$s3_prefix/res/1/" >names
ok "without one, the names go on from there" sh -c \
    'test "$(tail -n 1 names)" \> "$(head -n 1 names)"'
status 0 "at the full hour" "$lf" restore -o hour.db --timestamp "$hour" \
    "${base}res/1"
says "newer content is told of" 'newer content of 1 than asked for'
# What is written so replaces only its like, names never decrease, and who asks
# for an earlier moment gets that, and is told.
res()
{
	sql data/2.db "INSERT INTO t VALUES('$1')"
	shift
	"$lf" "$@" --state res2-st --to "${base}res2" --key '{{1}}' \
	    >/dev/null 2>"$err" || fail "$* with a resolution"
}
names()
{
	"$_s3/s3" ls "$s3_bucket" "$s3_prefix/res2/2/"
}
content()
{
	rm -f res2.db
	"$lf" restore -o res2.db "$@" "${base}res2/2" 2>"$err" &&
	    sql res2.db 'SELECT max(x) FROM t'
}
res c1 upload -q --pattern "$p" data/2.db
before=$(date -u +%Y-%m-%dT%H:%M:%S.999Z)
first=$(names)
wait_for 5 _later_than $(($(date -u -d "$before" +%s%3N) + 1))
res c2 backup -q --resolution 1w "$p"
week=$(names | tail -n 1)
res c3 backup -q --resolution 1w "$p"
res c4 upload -q --resolution 1w --pattern "$p" data/2.db
is "all of a week is one object beside the earlier" "$(names)" \
    "$(printf '%s\n' "$first" "$week")"
is "the newest name is that of the last content" "$(content)" c4
is "the moment before has what was then" \
    "$(content --timestamp "$before")" c1
says "and newer content is told of" 'newer content of 2 than asked for'
res c5 backup -q --resolution 1m "$p"
is "a shorter time gives no earlier name" "$(names | tail -n 1)" "$week"
res c6 backup -q "$p"
ok "nor does none at all" sh -c "[ '$(names | tail -n 1)' \\> '$week' ]"
is "so what was last is restored" "$(content)" c6
mkdir dirstore
status 2 "a directory cannot do that" "$lf" backup --resolution 1h \
    --to dirstore "$p"
says "and it is said why" 'directory store replaces no backup'
done_testing
