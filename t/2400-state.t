#!/bin/sh
# A state that cannot be used: said once, and nothing is lost.
. "$(dirname "$0")/lib.sh"

figure()
{
	jq -r "select(.type == \"summary\") | .$1" "$out"
}

"$tools/mkfleet" "$scratch" 300 >/dev/null || exit 1
p="$scratch/data/*/databases/*/branches/*/tenants/*.db"
not_racy
"$lf" backup -q --to store "$p" || fail "first backup"
s=$(echo "$STATE_DIRECTORY"/*)
seg=$(find "$s" -name '[0-9a-f][0-9a-f]' -size +0 | sort | head -n 1)

is "the state is private" "$(stat -c %a "$s")" 700
ok "id holds the store's id" grep -q \
    "^store $(sed -n 's/^id //p' store/.litefleet/store)$" "$s/id"

# Held by another run.
start flock -F "$s/lock" sh -c 'touch locked; exec sleep 60'
wait_for 10 test -e locked
status 75 "held by another run" "$lf" backup --to store "$p"
says "says who" 'state .*is held|held by'
status 75 "upload waits, and then gives up" "$lf" upload --lock-wait 200ms \
    --to store "$(find data -name '*.db' | head -n 1)"
stop "$pid"
status 0 "free again" "$lf" backup --to store "$p"

# Each kind of damage to one segment: its databases are read again, found as
# stored... or stored again, and nothing else is.
harm()
{
	cp -a "$s" good
	shift_what=$1
	shift
	"$@"
	status 0 "$shift_what" "$lf" backup --json --to store "$p"
	is "$shift_what: said once" "$(grep -c warning: "$err")" 1
	n=$(figure synced)
	ok "$shift_what: a few are stored again" test "$n" -ge 1 -a "$n" -le 20
	not_racy
	"$lf" backup -q --to store "$p"
	status 0 "$shift_what: then all is well" "$lf" backup --json \
	    --to store "$p"
	is "$shift_what: idle" "$(figure synced),$(wc -l <"$err")" 0,1
	rm -rf "$s"
	mv good "$s"
}

flip()
{
	printf '\377' | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

harm "a header of another format" flip "$seg" 0
harm "a flipped bit in the header" flip "$seg" 20
harm "a truncated segment" truncate -s -100 "$seg"
harm "a segment without content" truncate -s 0 "$seg"
harm "a segment of nothing but noise" sh -c \
    "head -c 20000 /dev/urandom >'$seg'"

# A flipped bit in a record.
off=128
while [ "$(od -An -tx1 -j $off -N 16 "$seg" | tr -d ' 0')" = "" ]; do
	off=$((off + 88))
done
harm "a flipped bit in a record" flip "$seg" $((off + 20))

# A segment of another store.
"$lf" backup -q --to store2 "$p"
for other in "$STATE_DIRECTORY"/*; do
	[ "$other" = "$s" ] || break
done
for oseg in "$other"/[0-9a-f][0-9a-f]; do
	# One in which ours has databases, too, so that it is opened.
	[ ! -e "$s/$(basename "$oseg")" ] || break
done
harm "a segment of another store" cp "$oseg" "$s/$(basename "$oseg")"

# All of it is lost: uploads again, and never a wrong name.
rm -rf "$STATE_DIRECTORY"
status 0 "the state is lost" "$lf" backup --json --to store "$p"
is "everything is stored again" "$(figure synced)" 300
is "under newer names" "$("$lf" list --all store | wc -l)" \
    "$(find store -name '*.db.lz4' | wc -l)"

# Full while it grows.
if unshare -m true 2>/dev/null; then
	mkdir full
	cat >full.sh <<-'SH'
	lf=$1 p=$2
	mount -t tmpfs -o size=128k none full || exit 99
	"$lf" backup --json --state full/s --to store3 "$p" >full.out 2>full.err
	echo "status $?" >full.status
	SH
	unshare -m sh full.sh "$lf" "$p"
	is "a full disk under the state" "$(cat full.status)" "status 0"
	cp full.out "$out"
	cp full.err "$err"
	is "full: everything is stored" "$(figure synced)" 300
	is "full: said once" "$(grep -c 'state cannot be written' "$err")" 1
	says "full: said" 'state cannot be written.*No space left'
	is "full: all are there" "$("$lf" list store3 | wc -l)" 300
else
	skip "no mount namespaces here" 5
fi

# Size: nearly empty segments are small files.
ok "no segment of a small fleet is over 4 KiB" test \
    "$(find "$STATE_DIRECTORY" -name '[0-9a-f][0-9a-f]' -size +4k | wc -l)" = 0
done_testing
