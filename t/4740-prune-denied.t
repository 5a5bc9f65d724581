#!/bin/sh
# What may not be removed is named once, and all else goes; and what the store
# itself has against it.
. "$(dirname "$0")/lib.sh"

# have STORE KEY DAY...: backups of these days of October.
have()
{
	_dir=$1/$2
	shift 2
	mkdir -p "$_dir"
	for _d in "$@"; do
		echo x >"$_dir/202610${_d}T120000.000Z.db.lz4"
	done
}

fresh()
{
	chmod -R u+rwX st 2>/dev/null
	rm -rf st out.side
	mkdir -p st/.litefleet
	printf 'litefleet-store 1\nid %032d\nhost h\n' 7 >st/.litefleet/store
	for _k in a/1.db b/2.db c/3.db; do
		have st "$_k" 01 02 03 04
	done
}

left()
{
	find st -name '*.db.lz4' | sort
}

json()
{
	jq -c "select(.type == \"summary\") | $1" "$out"
}

fresh
if can_be_nobody; then
	chown -R 65534:65534 st
	chmod 500 st/b/2.db
	status 1 "a directory that may not be written to" as_nobody "$lf" \
	    prune --json --keep-last 1 "$scratch/st"
	is "names its database once" "$(grep -c 'error:' "$err")" 1
	says "and why" "error: store $scratch/st: remove object \
b/2.db/20261001T120000.000Z.db.lz4: Permission denied\$"
	is "counts what stays" \
	    "$(json '[.complete, .databases, .kept, .removed, .failed]')" \
	    '[true,3,3,6,3]'
	is "and only that" "$(left | cut -d / -f 2- | tr '\n' ' ')" \
	    "a/1.db/20261004T120000.000Z.db.lz4 \
b/2.db/20261001T120000.000Z.db.lz4 b/2.db/20261002T120000.000Z.db.lz4 \
b/2.db/20261003T120000.000Z.db.lz4 b/2.db/20261004T120000.000Z.db.lz4 \
c/3.db/20261004T120000.000Z.db.lz4 "
	chmod 700 st/b/2.db
	status 0 "the next run" as_nobody "$lf" prune -q --keep-last 1 \
	    "$scratch/st"
	is "does the rest" "$(left | wc -l)" 3

	fresh
	chown -R 65534:65534 st
	chmod 000 st/b
	status 3 "a directory that may not be read" as_nobody "$lf" prune \
	    --keep-last 1 "$scratch/st"
	says "ends the run" 'error: .*st/*: open directory b/: Permission'
	says "which says how far it came" '^Prune stopped: '
	chmod 700 st/b
	is "and what came before it is done" \
	    "$(left | cut -d / -f 2 | sort | uniq -c | tr -s ' \n' ' ')" \
	    " 4 a 4 b 4 c "

	fresh
	chown -R 65534:65534 st
	chmod 500 st/.litefleet st
	status 3 "a store that may not be written to" as_nobody "$lf" prune \
	    --keep-last 1 "$scratch/st"
	says "is said" 'not writable'
	status 0 "a dry run of it" as_nobody "$lf" prune -n --keep-last 1 \
	    "$scratch/st"
	is "works" "$(grep -c ^remove "$out")" 9
	chmod 700 st/.litefleet st
else
	skip "only root can become another user" 15
fi

# A short key fails, and then a long one; in one process, which valgrind sees.
fresh
long=d/$(printf '%0200d' 0).db
have st "$long" 01 02
if ! can_be_nobody; then
	skip "only root can become another user" 4
elif ! command -v valgrind >/dev/null; then
	skip "no valgrind here" 4
elif nm -D "$lf" 2>/dev/null | grep -q __asan_init; then
	skip "the sanitizers look for themselves" 4
else
	chown -R 65534:65534 st
	chmod 500 st/a/1.db "st/$long"
	: >seen
	chmod 666 seen
	status 1 "a short key fails, and a long one" as_nobody valgrind -q \
	    --vgdb=no --log-file="$scratch/seen" "$lf" prune --no-sandbox \
	    --json --keep-last 1 "$scratch/st"
	says "the one is named" 'remove object a/1.db/'
	says "and so is the other" 'remove object d/0+\.db/'
	is "nothing is read that is not there" \
	    "$(grep -A 4 -E 'Invalid|uninit' seen)" ""
	chmod 700 st/a/1.db "st/$long"
fi

# Links are no directories of ours, and lead nowhere.
fresh
mkdir out.side
have out.side x.db 01 02 03
ln -s ../out.side/x.db st/x.db
ln -s ../../out.side/x.db/20261001T120000.000Z.db.lz4 \
    st/a/1.db/20261005T120000.000Z.db.lz4
mkdir st/a/1.db/20261006T120000.000Z.db.lz4
status 0 "links and directories with names like ours" "$lf" prune --json \
    --keep-last 1 st
is "are no backups" "$(json '[.databases, .versions, .removed]')" '[3,12,9]'
is "nothing outside has gone" "$(find out.side -type f | wc -l)" 3
is "the newest file stays" "$(find st/a/1.db -type f)" \
    st/a/1.db/20261004T120000.000Z.db.lz4
done_testing
