#!/bin/sh
# What "litefleet prune" keeps and removes, what it says, and how it ends.
. "$(dirname "$0")/lib.sh"
use_store
st=${base:-$scratch/}st
tab=$(printf '\t')

mkdir data st
sql data/t.db "create table t(x); insert into t values('old')" >/dev/null
status 0 "a backup" "$lf" backup -q --to "$st" "$scratch/data/*.db"
key=${scratch#/}/data/t.db
own=$(objects st)

# have KEY TIME...: backups of these times.
have()
{
	_key=$1
	shift
	for _t in "$@"; do
		echo "$_key $_t" | put_object st "$_key/$_t.db.lz4"
	done
}

# All that is there but for the marker, sorted.
names()
{
	if [ "$LITEFLEET_STORE" = dir ]; then
		(cd st && find . -type f ! -path './.litefleet/*')
	else
		"$_s3/s3" ls "$s3_bucket" "$s3_prefix/st/" |
		    grep -av '/\.litefleet/' | sed "s,^$s3_prefix/st/,./,"
	fi | sort
}

# Months, a leap day, the weeks around a new year, and one of the future.
have cal/one.db 20240131T120000.000Z 20240228T120000.000Z \
    20240229T110000.000Z 20240229T115959.999Z 20240301T000000.000Z \
    20251228T120000.000Z 20251229T120000.000Z 20260104T235959.999Z \
    20260105T000000.000Z
have cal/two.db 20200101T000000.000Z 20200102T000000.000Z
have fut/t.db 20240101T000000.000Z 20240102T000000.000Z \
    20991231T235959.999Z
# What is not exactly ours.
for n in cal/one.db/notes.txt cal/one.db/20240230T120000.000Z.db.lz4 \
    cal/one.db/20240101T120000.000Z.db.lz4.tmp \
    cal/one.db/20240101T120000Z.db.lz4 20240101T120000.000Z.db.lz4 \
    cal/one.db/x20240101T120000.000Z.db.lz4 \
    cal/%6fne.db/20240101T120000.000Z.db.lz4 \
    cal/%6fne.db/20240102T120000.000Z.db.lz4; do
	echo foreign | put_object st "$n"
done
names >before

# The lines of one.db, "keep" or "remove" with its time and the rules.
shown()
{
	awk -F "$tab" '$4 == "cal/one.db" { print $1, $2, $5 }' "$out"
}

status 0 "a dry run" "$lf" prune -n --keep-monthly 4 --keep-weekly 2 \
    --keep-last 2 "$st/cal/*"
is "tells of each backup what becomes of it, and by which rule" "$(shown)" \
    'remove 2024-01-31T12:00:00.000Z none
remove 2024-02-28T12:00:00.000Z none
remove 2024-02-29T11:00:00.000Z none
keep 2024-02-29T11:59:59.999Z monthly
keep 2024-03-01T00:00:00.000Z monthly
remove 2025-12-28T12:00:00.000Z none
keep 2025-12-29T12:00:00.000Z monthly
keep 2026-01-04T23:59:59.999Z last,weekly
keep 2026-01-05T00:00:00.000Z newest,last,weekly,monthly'
is "of no other database" "$(cut -f4 "$out" | sort -u | tr '\n' ' ')" \
    "cal/one.db cal/two.db "
is "with its bytes" "$(sed -n '1s/.*Z'"$tab"'\([0-9]*\).*/\1/p' "$out")" \
    "$(object st cal/one.db/20240131T120000.000Z.db.lz4 | wc -c)"
says "and how many of each" '^Dry run complete: 2 databases, 11 backups, '\
'7 kept, 4 to be removed \(took .*\), 7 other objects left alone, .* to be '\
'freed$'
names >after
ok "it removes nothing" cmp before after

status 0 "days and hours" "$lf" prune -n --keep-hourly 2 --keep-daily 4 \
    --keep-within 24h "$st/cal/one.db"
is "are of UTC, and within counts from the newest" \
    "$(shown | grep keep)" 'keep 2025-12-28T12:00:00.000Z daily
keep 2025-12-29T12:00:00.000Z daily
keep 2026-01-04T23:59:59.999Z within,hourly,daily
keep 2026-01-05T00:00:00.000Z newest,within,hourly,daily'
TZ=Pacific/Kiritimati status 0 "elsewhere" "$lf" prune -n --keep-hourly 2 \
    --keep-daily 4 --keep-within 24h "$st/cal/one.db"
is "too" "$(shown | grep -c keep)" 4

# What is given out with NUL, and as objects, is the same.
"$lf" prune -n --keep-last 2 "$st/cal/one.db" >lines 2>/dev/null
"$lf" prune -n0 --keep-last 2 "$st/cal/one.db" 2>/dev/null |
    tr '\0' '\n' >nuls
ok "-0 ends items with NUL" cmp lines nuls
status 0 "--json" "$lf" prune -n --json --keep-last 2 "$st/cal/one.db"
is "tells the same" "$(jq -r 'select(.type != "summary") | [.type, .time,
    .bytes, .key, .rules] | @tsv' "$out")" "$(cat lines)"
is "and the sum" "$(jq -c 'select(.type == "summary") | [.complete, .dry_run,
    .databases, .versions, .kept, .removed, .failed, .foreign,
    .bytes_freed > 0, .took_ms >= 0]' "$out")" \
    '[true,true,1,9,2,7,0,5,true,true]'

# How it ends when nothing is to be done.
status 2 "no rule" "$lf" prune "$st"
says "is said" 'no rule says what to keep'
status 2 "no operand" "$lf" prune --keep-last 1
status 2 "two operands" "$lf" prune --keep-last 1 "$st/a" "$st/b"
status 2 "--keep-last 0" "$lf" prune --keep-last 0 "$st"
status 2 "--retention 0" "$lf" prune --retention 0 "$st"
says "is named" '--retention: "0"'
status 2 "--keep-daily -1" "$lf" prune --keep-daily -1 "$st"
status 2 "--retention without a unit" "$lf" prune --retention 30 "$st"
status 2 "--json and -0" "$lf" prune --keep-last 1 --json -0 "$st"
status 2 "a wrong glob" "$lf" prune --keep-last 1 "$st/["
status 2 "one backup" "$lf" prune --keep-last 1 \
    "$st/cal/one.db/20240131T120000.000Z.db.lz4"
says "is not a database" 'names one backup'
status 1 "what matches nothing" "$lf" prune --keep-last 1 "$st/none/*"
says "is named" 'none/\*'
status 3 "no store" "$lf" prune --keep-last 1 "${base:-$scratch/}data"
says "is named" "no store at or above ${base:-$scratch/}data"
if [ -e /dev/full ]; then
	# shellcheck disable=SC2016	# for the inner shell
	status 3 "a full disk behind stdout" sh -c \
	    '"$0" prune -n --keep-last 1 "$1" >/dev/full' "$lf" "$st"
	says "is an error" "standard output"
else
	skip "no /dev/full here" 2
fi
names >after
ok "nothing was removed by all this" cmp before after

# The real thing.  Those of fut are in no glob.
status 0 "a glob over keys" "$lf" prune --json --keep-monthly 3 "$st/cal/*"
names >after
is "removes what no rule keeps" "$(diff before after | grep '^[<>]')" \
    '< ./cal/one.db/20240131T120000.000Z.db.lz4
< ./cal/one.db/20240228T120000.000Z.db.lz4
< ./cal/one.db/20240229T110000.000Z.db.lz4
< ./cal/one.db/20240229T115959.999Z.db.lz4
< ./cal/one.db/20251228T120000.000Z.db.lz4
< ./cal/one.db/20260104T235959.999Z.db.lz4
< ./cal/two.db/20200101T000000.000Z.db.lz4'
is "says each" "$(jq -r 'select(.type == "removed") | .object' "$out" |
    sort)" "$(comm -23 before after | sed 's,^./,,')"
is "and the sum" "$(jq -c 'select(.type == "summary") | [.complete, .dry_run,
    .databases, .versions, .kept, .removed, .failed, .foreign]' "$out")" \
    '[true,false,2,11,4,7,0,7]'
is "with the bytes" "$(jq 'select(.type == "summary") | .bytes_freed' \
    "$out")" "$(jq -s 'map(select(.type == "removed") | .bytes) | add' \
    "$out")"
status 0 "once more" "$lf" prune --keep-monthly 3 "$st/cal/*"
says "there is nothing to do" '4 backups, 4 kept, 0 removed'

# One of the future is the newest, and does not take the others with it.
status 0 "a future" "$lf" prune -n --keep-last 2 --json "$st/fut"
is "counts as the newest, and so does that before now" "$(jq -r '
    select(.type == "keep") | [.time[:4], .rules] | @csv' "$out" |
    tr -d '"' | tr '\n' ' ')" "2024,newest,last 2099,newest,last "
says "which is said" 'warning: .* newest backups of 1 databases are named more'
have fut/t.db "$(date -u -d '2 hours ago' +%Y%m%dT%H%M%S.000Z)"
status 0 "within a day" "$lf" prune -n --keep-within 1d "$st/fut"
is "of now" "$(grep -c '^keep' "$out")" 2

# --retention counts from now; the newest stays however old it is.
have old/t.db 20200101T000000.000Z 20200102T000000.000Z
have young/t.db "$(date -u -d '31 days ago' +%Y%m%dT%H%M%S.000Z)" \
    "$(date -u -d '29 days ago' +%Y%m%dT%H%M%S.000Z)" \
    "$(date -u -d '1 hour ago' +%Y%m%dT%H%M%S.000Z)"
status 0 "--retention" "$lf" prune --retention 30d "$st"
is "keeps all that is younger" "$(objects st young | wc -l)" 2
is "and the newest of what is not" "$(objects st old)" \
    old/t.db/20200102T000000.000Z.db.lz4
is "no foreign name has gone" "$(names | grep -cE \
    'notes.txt|0230T|tmp$|20240101T120000Z|\./2024|x2024')" 6
status 0 "-q" "$lf" prune -q --keep-last 1 "$st"
is "says nothing but that" "$(grep -v 'named more than a day later' "$err"
    cat "$out")" ""

# For backup nothing has changed; and what is left restores.
is "a fresh backup is never old" "$(objects st "$key")" "$own"
status 0 "the next backup" "$lf" backup --to "$st" "$scratch/data/*.db"
says "has nothing to do" '1 databases, 0 synced'
status 0 "a restore" "$lf" restore -o back.db "$st/$key"
is "gives the database back" "$(sql back.db 'select x from t')" old

done_testing
