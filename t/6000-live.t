#!/bin/sh
# Writers commit all the time with an invariant over two tables: it holds in
# every image ever taken, and no image is older than its beginning.
. "$(dirname "$0")/lib.sh"

mkdir data
w=
i=0
for mode in delete truncate persist wal wal wal; do
	i=$((i + 1))
	case $i in
	4) auto=1 ;;
	5) auto=10 ;;
	*) auto=1000 ;;
	esac
	start "$tools/writer" --mode $mode --autocheckpoint $auto \
	    --log "log$i" "data/$i.db"
	w="$w $pid"
done
for i in 1 2 3 4 5 6; do
	wait_for 20 test -s "log$i"
done
p="$scratch/data/*.db"

# all_stored: in "images" is each object, oldest first.
all_stored()
{
	find store -name '*.db.lz4' ! -path '*/.litefleet/*' | sort >images
}

# What is newest after a round is to hold what "committed" says of before it.
rounds=${LITEFLEET_ROUNDS:-25}
n=0
late=0
: >least
while [ "$n" -lt "$rounds" ]; do
	n=$((n + 1))
	cat log? >committed
	"$lf" backup -q --to store "$p" >/dev/null 2>errors
	rc=$?
	# A writer in rollback mode may keep us out; the next round has it.
	[ "$rc" -eq 0 ] || late=$((late + 1))
	if [ "$rc" -gt 1 ]; then
		fail "round $n: status $rc"
		_show "it said" errors
	fi
	all_stored
	while read -r db count; do
		! grep -q "/$db: " errors || continue
		echo "$(grep -F "/$db/" images | tail -n 1) $count"
	done <committed >>least
done
for pid in $w; do
	stop "$pid" || fail "a writer died"
done
echo "# $n rounds, $late with a database that stayed locked"
"$lf" backup -q --to store "$p" || fail "the last backup"

bad=0
images=0
all_stored
: >held
while read -r o; do
	images=$((images + 1))
	if ! lz4 -dcq "$o" >image.db 2>/dev/null ||
	    ! "$tools/writer" --check image.db >checked 2>&1; then
		bad=$((bad + 1))
		echo "# bad: $o: $(head -n 1 checked)"
	fi
	echo "$o $(sed 's/.* //' checked)" >>held
	rm -f image.db*
done <images
is "no bad image among $images" "$bad" 0
ok "there were many" test "$images" -gt $((rounds * 3))

awk 'NR == FNR { held[$1] = $2; next }
    !($1 in held) || held[$1] + 0 < $2 + 0' held least >older
is "none is older than its round" "$(cat older)" ""
ok "of each round it was asked" test "$(wc -l <least)" -gt $((rounds * 3))

# The newest image of each holds the last commit.
for i in 1 2 3 4 5 6; do
	"$lf" restore -o "last$i.db" "store$scratch/data/$i.db" 2>/dev/null
	is "the last commit of $i" \
	    "$("$tools/writer" --check "last$i.db" | awk '{ print $NF + 0 }')" \
	    "$(awk '{ print $NF + 0 }' "log$i")"
done
done_testing
