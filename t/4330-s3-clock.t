#!/bin/sh
# A clock that is wrong: the server's is taken from its answer, once, which is
# said once, and the run succeeds.
. "$(dirname "$0")/lib.sh"
command -v faketime >/dev/null || skip_all "no faketime here"
s3_start_ceph
s3_front

"$tools/mkfleet" "$scratch" 40 >/dev/null || exit 1
p="$scratch/data/*/databases/*/branches/*/tenants/*.db"
db=$(find "$scratch/data" -name '*.db' | head -n 1)

# Of litefleet alone.  (A sanitizer wants to be loaded before all others.)
at()
{
	_off=$1
	shift
	env ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0" \
	    faketime -f "$_off" "$@"
}

refused()
{
	s3_seen '^[A-Z]+ 403 '
}

whole=$s3
n=0
for off in +1h -1h; do
	n=$((n + 1))
	s3="${whole%%\?*}$n?${whole#*\?}"
	case $off in
	+*) how='3[56][0-9][0-9] s ahead of' ;;
	*) how='3[56][0-9][0-9] s behind' ;;
	esac
	"$tools/mkfleet" --touch "$scratch" 40 >/dev/null
	s3_mark
	status 0 "$off: a backup by four workers" at "$off" "$lf" backup \
	    --json --jobs 4 --state "st$n" --to "$s3" "$p"
	is "$off: stores all" \
	    "$(jq -r 'select(.type == "summary") | .synced' "$out")" 40
	is "$off: warns once" "$(grep -ac "^litefleet: " "$err")" 1
	says "$off: of its clock" "^litefleet: warning: store s3://test/p$n: this \
machine's clock is $how the server's; "
	refused=$(refused)
	ok "$off: each worker was refused, and then knew ($refused)" \
	    test "$refused" -ge 1 -a "$refused" -le 40
	s3_mark
	status 0 "$off: an upload by one worker" at "$off" "$lf" upload \
	    --jobs 1 --state "st$n" --to "$s3" "$db"
	is "$off: one request was refused" "$(refused)" 1
	status 0 "$off: a list" at "$off" "$lf" list "$s3"
	is "$off: lists all" "$(wc -l <"$out")" 40
	is "$off: and warns once" "$(grep -ac 'clock is' "$err")" 1
	status 0 "$off: a restore" at "$off" "$lf" restore -o "$n.db" \
	    "${s3%%\?*}$db?${s3#*\?}"
	is "$off: gives it back" "$(sql "$n.db" .dump | sha256sum)" \
	    "$(sql "$db" .dump | sha256sum)"
	is "$off: and warns once" "$(grep -ac 'clock is' "$err")" 1
done

# What is right is not spoken of, nor are a few minutes.
"$tools/mkfleet" --touch "$scratch" 1 >/dev/null
for off in +0 +5m; do
	status 0 "$off: an upload" at "$off" "$lf" upload --state st3 \
	    --to "$whole" "$db"
	says_not "$off: nothing is said of the clock" clock
done
done_testing
