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

rounds=${LITEFLEET_ROUNDS:-25}
n=0
late=0
while [ "$n" -lt "$rounds" ]; do
	n=$((n + 1))
	cat log? >"committed.$n"
	# A writer in rollback mode may keep us out; the next round has it.
	"$lf" backup -q --to store "$p" >/dev/null 2>>errors ||
	    late=$((late + 1))
done
for pid in $w; do
	stop "$pid" || fail "a writer died"
done
echo "# $n rounds, $late with a database that stayed locked"
"$lf" backup -q --to store "$p" || fail "the last backup"

bad=0
images=0
find store -name '*.db.lz4' | sort >objects
while read -r o; do
	images=$((images + 1))
	if ! lz4 -dcq "$o" >image.db 2>/dev/null ||
	    ! "$tools/writer" --check image.db >checked 2>&1; then
		bad=$((bad + 1))
		echo "# bad: $o: $(head -n 1 checked)"
	fi
	rm -f image.db*
done <objects
is "no bad image among $images" "$bad" 0
ok "there were many" test "$images" -gt $((rounds * 3))

# The newest image of each holds the last commit.
for i in 1 2 3 4 5 6; do
	"$lf" restore -o "last$i.db" "store$scratch/data/$i.db" 2>/dev/null
	is "the last commit of $i" \
	    "$("$tools/writer" --check "last$i.db" | awk '{ print $NF + 0 }')" \
	    "$(awk '{ print $NF + 0 }' "log$i")"
done
done_testing
