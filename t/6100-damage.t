#!/bin/sh
# Databases that something has happened to: no crash, no hang, and what is
# stored is what SQLite makes of them, byte for byte.
. "$(dirname "$0")/lib.sh"

: "${LITEFLEET_SEED:=$(date +%s)}"
: "${N:=600}"
mkdir data oracle
"$tools/damage" make "$LITEFLEET_SEED" "$N" data oracle || exit 1
find data -type f -exec sha256sum {} + | sort >before

# A worker that dies, or a minute and more, is a bug.
limit=$((60 + N / 20))
status 1 "$N damaged databases (LITEFLEET_SEED=$LITEFLEET_SEED)" \
    timeout "$limit" "$lf" backup --to store --busy-timeout 50ms "$scratch/data/*.db"
cp "$err" said
says_not "nothing crashed" 'worker'
looked=$(sed -n 's/^Scan complete: \([0-9]*\) databases.*/\1/p' said)
is "all were looked at" "$looked" "$N"
is "nothing was touched" "$(find data -type f -exec sha256sum {} + | sort |
    cmp - before && echo same)" same
status 0 "what was stored comes back" "$lf" restore-pattern -q \
    --output-dir back "store$scratch/data/"
status 0 "as SQLite has it, and all that are whole" "$tools/damage" compare \
    data oracle back
cp "$out" compared
sed 's/^/# /' compared
equal=$(sed -n 's/^equal \([0-9]*\) .*/\1/p' compared)
whole=$(find oracle -name '*.whole' | wc -l)
ok "some were whole ($whole)" test "$whole" -ge $((N / 40))
ok "that is most of them" test "$equal" -ge $((N / 2))

# The second run has nothing to do but to look again at what failed.
status 1 "a second run" timeout "$limit" "$lf" backup --to store \
    --busy-timeout 50ms "$scratch/data/*.db"
says "stores nothing" ' 0 synced'

done_testing
