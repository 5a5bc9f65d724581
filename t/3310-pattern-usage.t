#!/bin/sh
# What restore-pattern refuses before anything is touched.
. "$(dirname "$0")/lib.sh"

rp()
{
	"$lf" restore-pattern "$@"
}
mkdir data
sql data/a.db "CREATE TABLE a(a)"
"$lf" backup -q --to store "$scratch/data/*.db" || exit 1
find store | sort >before

# refused STATUS NAME ERE ARGS...
refused()
{
	_s=$1
	_n1=$2
	_ere=$3
	shift 3
	status "$_s" "$_n1" rp "$@"
	says "... is explained" "$_ere"
	not_ok "... and nothing is made" test -e out
}

refused 2 "no operand" "which databases" --output-dir out
refused 2 "two operands" "takes one GLOB.*quotes" --output-dir out a b
refused 2 "lines without a store" "--from" --output-dir out -
refused 2 "a template without a store" "--from" --key '{{path}}' \
    --output-dir out store
refused 2 "a URL with --from" "pattern of local paths" --from store \
    --output-dir out s3://bucket/x
refused 2 "two ways with what is there" "exclude each other" --force \
    --if-db-not-exists --output-dir out store
refused 2 "--json and -0" "exclude each other" --json -0 --output-dir out \
    store
refused 2 "progress and none" "exclude each other" --progress --no-progress \
    --output-dir out store
refused 2 "a dry run that goes on" "exclude each other" -n --resume \
    --output-dir out store
refused 2 "a glob that is none" "[Bb]rac|unclosed|clos" --output-dir out \
    'store/[a'
refused 2 "a glob with names" "name has no meaning" --output-dir out \
    'store/{{x}}'
refused 2 "two **" 'more than one' --output-dir out 'store/**/a/**'
refused 2 "a pattern that is none" "more than one" --from store \
    --output-dir out '/a/**/b/**'
refused 2 "a template that does not tell paths apart" "--key" --from store \
    --key 'x' --output-dir out "$scratch/data/*.db"
refused 2 "patterns that never meet" "nothing can match" --from store \
    --pattern '/srv/*.db' --output-dir out "$scratch/data/*.db"
refused 2 "a template for lines without a pattern" "--pattern" --from store \
    --key 'x/{{path}}' --output-dir out -
refused 3 "a store that is not there" "no store at or above" \
    --output-dir out "$scratch/none/**"
refused 3 "a store that is not there, by path" "no store at or above" \
    --from none --output-dir out "$scratch/data/*.db"
refused 2 "--from something in a store" "but one at" \
    --from store/data --output-dir out "$scratch/data/*.db"
refused 2 "a time that is none" "not a time" --timestamp yesterday \
    --output-dir out store
refused 2 "a shard that is none" "--shard" --shard 3/2 --output-dir out store
refused 2 "a check that is none" "--check" --check some --output-dir out store
refused 2 "no transfers" "--parallel" --parallel 0 --output-dir out store
refused 2 "no workers" "--jobs" --jobs 0 --output-dir out store
refused 2 "retries that are none" "--max-retries" --max-retries x \
    --output-dir out store
refused 2 "a delay that is none" "--retry-delay" --retry-delay 5 \
    --output-dir out store
refused 2 "a report that is not there" "--retry-report none" \
    --retry-report none --output-dir out store
refused 2 "a report and lines" "takes the place" --retry-report before \
    --from store --output-dir out -
echo '../x' >lines
refused 2 "a report that is none" "lines: line 1: .*not the key" \
    --retry-report lines --output-dir out store
refused 3 "an error report that cannot be written" "--error-report none/x" \
    --error-report none/x --output-dir out2 store
rm -rf out2
echo file >file
refused 3 "an output directory that is a file" "is no directory" \
    --output-dir file/out store
refused 2 "an output directory with .." '\.\.' --output-dir ../out store
if can_be_nobody; then
	mkdir locked
	chmod 755 store store/* store/.litefleet/* locked 2>/dev/null
	status 3 "an output directory that is not ours" as_nobody \
	    "$lf" restore-pattern --output-dir locked store
	says "... is named" "locked.*cannot be written to.*denied"
	status 2 "--preserve of another than root" as_nobody \
	    "$lf" restore-pattern --preserve --output-dir locked store
	says "... is explained" "root"
else
	skip "not root" 4
fi
if unshare -rm true 2>/dev/null; then
	mkdir ro
	status 3 "a read-only file system" unshare -rm sh -c '
		mount -t tmpfs none ro && mount -o remount,ro ro &&
		exec "$1" restore-pattern --output-dir ro/x store' sh "$lf"
	says "... is named" "ro cannot be written to: Read-only file system"
else
	skip "no mount namespaces here" 2
fi

find store | sort >after
ok "the store is as it was" cmp before after

done_testing
