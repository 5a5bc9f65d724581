#!/bin/sh
# Wrong command lines: status 2, one sentence, nothing read or written.
. "$(dirname "$0")/lib.sh"

mkdir -p data/a
sqlite3 data/a/x.db 'create table t(x)'
p="$scratch/data/*/*.db"

# NAME, ERE of the sentence, arguments.
usage()
{
	_what=$1
	_ere=$2
	shift 2
	status 2 "$_what" "$lf" "$@"
	says "$_what: says why" "$_ere"
	is "$_what: one line" "$(wc -l <"$err")" 1
	is "$_what: no output" "$(wc -c <"$out")" 0
	is "$_what: nothing written" "$(ls -A "$scratch")" "$(printf '%s\n' .lib data)"
}

usage "no command" 'no command'
usage "unknown command" 'no command "bakcup"' bakcup
usage "unknown option" 'unknown option --frob' backup --frob --to store "$p"
usage "abbreviated option" 'unknown option --dry' backup --dry "$p"
usage "missing value" 'needs a value' backup --to
usage "no pattern" 'which databases' backup --to store
usage "no store" 'where to' backup "$p"
usage "literal part missing" "$scratch/nowhere" backup --to store \
    "$scratch/nowhere/*.db"
usage "a path that is not there" "$scratch/data/nope.db" backup --to store \
    "$scratch/data/nope.db"
usage "a directory" 'is a directory' backup --to store "$scratch/data"
usage "dots" '\.\.' backup --to store '../*.db'
usage "two doublestars" '\*\*' backup --to store "$scratch/**/x/**/*.db"
usage "unclosed bracket" '\[' backup --to store "$scratch/[ab/*.db"
usage "wildcard not in the key" '--key' backup --to store --key '{{1}}' "$p"
usage "unknown variable" 'tennant' backup --to store --key '{{tennant}}' "$p"
usage "several patterns" '\{\{path\}\}' backup --to store --key '{{1}}/{{2}}' \
    "$p" "$scratch/data/*"
usage "two in a component" '--key' backup --to store --key '{{1}}-{{2}}' "$p"
usage "reserved" '\.litefleet' backup --to store --key '.litefleet/{{path}}' "$p"
usage "bad duration" '--busy-timeout: "5"' backup --to store \
    --busy-timeout 5 "$p"
usage "bad jobs" '--jobs' backup --to store --jobs 0 "$p"
usage "too many jobs" '--jobs' backup --to store --jobs 65 "$p"
usage "bad shard" '--shard' backup --to store --shard 4/3 "$p"
usage "shard 0" '--shard' backup --to store --shard 0/3 "$p"
usage "shard without a slash" '--shard' backup --to store --shard 2 "$p"
usage "bad check" '--check' backup --to store --check maybe "$p"
usage "bad log format" '--log-format' backup --log-format xml --to store "$p"
usage "bad scheme" 'ftp' backup --to ftp://host/dir "$p"
usage "empty URL" '--to' backup --to '' "$p"
usage "root as a store" '--to' backup --to / "$p"
usage "a way back from nowhere" '"\.\."' backup --to nowhere/../store "$p"
usage "file URL with a host" 'host' backup --to file://host/dir "$p"
usage "store around the fleet" 'cannot lie around' backup --to "$scratch" "$p"
usage "bad exclude" '\[' backup --to store --exclude '[a' "$p"
usage "bad host" '--host' backup --to store --host a/b "$p"
usage "upload without paths" 'which databases' upload --to store
usage "upload with a template and no pattern" '--key|\{\{' upload --to store \
    --key '{{1}}' data/a/x.db
usage "upload of what the pattern does not match" 'does not match' upload \
    --to store --key '{{1}}/{{2}}' --pattern "$p" data/x
usage "restore without a target" '-o|--original' restore store/x
usage "restore with two targets" '-o|--original' restore -o x --original store/x
usage "bad timestamp" '--timestamp' restore -o x --timestamp yesterday store/x
done_testing
