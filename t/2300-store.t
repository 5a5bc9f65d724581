#!/bin/sh
# A store that is not what the run needs: status 3, the state as it was, and
# the next good run catches up.
. "$(dirname "$0")/lib.sh"

synced()
{
	jq -r 'select(.type == "summary") | .synced' "$out"
}

# All of the state but the lock's own text.
state_sum()
{
	find "$STATE_DIRECTORY" -type f ! -name lock -exec sha256sum {} + 2>&1 |
	    sort | sha256sum
}

# $1: what is wrong, $2: words. The store is called "store"; one database has
# changed since the last good run.
refused()
{
	sqlite3 data/1.db 'insert into t values(random())'
	before=$(state_sum)
	status 3 "$1" "$lf" backup --to store "$p"
	says "$1: says so" "$2"
	is "$1: once" "$(grep -c error: "$err")" 1
	is "$1: the state is unchanged" "$(state_sum)" "$before"
}

# The next good run.
catches_up()
{
	status 0 "$1: the next good run" "$lf" backup --json --to store "$p"
	is "$1: catches up" "$(synced)" 1
}

mkdir data
for i in 1 2 3 4; do
	sqlite3 data/$i.db 'create table t(x)'
done
p="$scratch/data/*.db"
"$lf" backup -q --to store "$p" || fail "first backup"
not_racy
"$lf" backup -q --to store "$p" || fail "second backup"

mv store kept
refused "not mounted" 'store.*--new-store'
mkdir store
refused "emptied" 'not the store that the state.*--new-store'
is "nothing is put into it" "$(find store -name '*.lz4' | wc -l)" 0
rm -rf store
echo >store
refused "a file" 'store.*(ot a directory|no directory)'
rm store
"$lf" backup -q --state other --to store "$p"
rm -rf other
refused "replaced" 'not the store that the state.*--new-store'
mv store replaced
mv kept store
catches_up "mounted again"

# Called otherwise, from elsewhere, it is the same store.
stores=$(ls "$STATE_DIRECTORY")
cd data || exit 1
for url in ../store ../data/../store/ "file://$scratch/data/../store"; do
	status 0 "as $url" "$lf" backup --json --to "$url" "$p"
	is "as $url: it is known" "$(ls "$STATE_DIRECTORY")" "$stores"
	is "as $url: it is listed" "$("$lf" list "$url" | wc -l)" 4
done
cd ..

cp store/.litefleet/store marker
echo garbage >store/.litefleet/store
sqlite3 data/1.db 'insert into t values(1)'
status 3 "a damaged marker" "$lf" backup --to store "$p"
cp marker store/.litefleet/store
catches_up "marker mended"

if can_be_nobody; then
	mkdir nobody && chown 65534 nobody
	as_nobody "$lf" backup -q --state nobody/state --spool nobody \
	    --to nobody/store "$p" || fail "backup as another user"
	not_racy
	as_nobody "$lf" backup -q --state nobody/state --spool nobody \
	    --to nobody/store "$p"
	chmod -R a-w nobody/store
	sqlite3 data/1.db 'insert into t values(2)'
	status 3 "not writable" as_nobody "$lf" backup --state nobody/state \
	    --spool nobody --to nobody/store "$p"
	says "names the directory" "nobody/store.*Permission denied"
	chmod -R u+w nobody/store
	status 0 "writable again" as_nobody "$lf" backup --json \
	    --state nobody/state --spool nobody --to nobody/store "$p"
	is "catches up" "$(synced)" 1
else
	skip "only root can become another user" 4
fi

# Full: a small tmpfs.
"$lf" backup -q --to store "$p"
if unshare -m true 2>/dev/null; then
	mkdir full
	cat >full.sh <<-'SH'
	set -u
	lf=$1 p=$2
	mount -t tmpfs -o size=256k none full || exit 99
	"$lf" backup -q --state fullstate --to full/store "$p" || exit 98
	sqlite3 data/1.db 'insert into t values(randomblob(2000000))'
	"$lf" backup --state fullstate --to full/store "$p" 2>full.err
	echo "status $?" >full.status
	find full/store/.litefleet -path "*/tmp/*" -type f >full.left
	sqlite3 data/1.db 'delete from t; vacuum'
	"$lf" backup --json --state fullstate --to full/store "$p" \
	    >full.out 2>/dev/null
	echo "status $?" >>full.status
	SH
	unshare -m sh full.sh "$lf" "$p"
	is "full, and then with room" "$(cat full.status 2>&1)" "status 3
status 0"
	cp full.err "$err"
	says "full: says so" 'No space left'
	is "full: nothing unfinished is left" "$(cat full.left)" ""
	cp full.out "$out"
	is "full: catches up" "$(synced)" 1
else
	skip "no mount namespaces here" 4
fi

# Nearly full: what fits is kept, and the next run goes on from there.
if unshare -m true 2>/dev/null; then
	mkdir many
	for i in $(seq 40); do
		sqlite3 "many/$i.db" "create table t(x);
		    insert into t values(randomblob(100000))"
	done
	cat >nearly.sh <<-'SH'
	mount -t tmpfs -o size=3m none full || exit 99
	for i in 1 2; do
		"$1" backup --state nearly --to full/store "$2" 2>nearly.err$i
		echo "status $?"
		"$1" list full/store | wc -l
	done >nearly.out
	SH
	unshare -m sh nearly.sh "$lf" "$scratch/many/*.db"
	is "nearly full: status" "$(sed -n 1p nearly.out)" "status 3"
	n=$(sed -n 2p nearly.out)
	ok "nearly full: what fits is stored ($n)" test "$n" -ge 10
	is "nearly full: said once" "$(grep -c error: nearly.err1)" 1
	is "nearly full: the summary counts it" "$(sed -n \
	    's/.* \([0-9]*\) synced.*/\1/p' nearly.err1)" "$n"
else
	skip "no mount namespaces here" 4
fi

# A store by another name is the same store; and not around the fleet.
ln -s store other
"$lf" backup -q --to store "$p"
status 0 "by a link" "$lf" backup --json --to other "$p"
is "it has the same state" "$(synced)" 0
mkdir -p around/data && cp data/2.db around/data && ln -s around link
for args in "around around" "link around" "around link"; do
	status 2 "a store around its fleet: $args" "$lf" backup \
	    --to "${args% *}" "$scratch/${args#* }/data/*.db"
done
ln -s gone dangling
status 3 "a link to nowhere" "$lf" backup --to dangling "$p"

# Something in the way of one key.
mkdir obstacle && cp -r store obstacle
mkdir -p "obstacle/store$scratch/data" odd
sqlite3 data/way.db 'create table t(x)'
: >"obstacle/store$scratch/data/way.db"
status 1 "a file in the way of a key" "$lf" backup --json --state odd \
    --to obstacle/store "$p"
says "is named" 'error: .*data/way.db'
is "and stops nobody else" "$(synced)" 4
rm data/way.db

# Another host's store.
status 2 "another host" "$lf" backup --host other --state otherstate \
    --to store "$p"
says "says how to separate" '\{\{host\}\}.*--shared|--shared.*\{\{host\}\}'
status 0 "--shared accepts" "$lf" backup --host other --shared \
    --state otherstate --to store "$p"
status 0 "so does a template with {{host}}" "$lf" backup --host third \
    --key '{{host}}/{{path}}' --state thirdstate --to store "$p"

# A new store on purpose.
mv store store.old
status 0 "--new-store starts again" "$lf" backup --json --new-store \
    --to store "$p"
is "with everything" "$(synced)" 4
rm -rf store && mv store.old store
sqlite3 data/1.db 'insert into t values(3)'
status 3 "and the old one is another now" "$lf" backup --to store "$p"

# An idle fleet looks at its store once a day.
rm -rf store
not_racy
"$lf" backup -q --new-store --to store "$p"
not_racy
"$lf" backup -q --to store "$p"
mv store kept
cp -r kept store
sed 's/^host .*/host somebody-else/' kept/.litefleet/store \
    >store/.litefleet/store
status 0 "an idle run does not read its marker" "$lf" backup --to store "$p"
find "$STATE_DIRECTORY" -name id -exec touch -d '25 hours ago' {} +
status 2 "but once a day" "$lf" backup --to store "$p"
rm -r store
mv kept store
status 0 "with the right one" "$lf" backup --to store "$p"

# That it is there at all, each looks for.
rm store/.litefleet/store
status 3 "an idle run whose store has no marker" "$lf" backup --to store "$p"
says "is told so" 'not the store that the state.*--new-store'
rm -r store
status 3 "an idle run without its store" "$lf" backup --to store "$p"
says "is told so" 'store is not there, and the state .* speaks of it'
: >store
status 3 "nor is a file one" "$lf" backup --to store "$p"
rm store
start "$lf" backup --to store2 --state state2 --interval 100ms "$p"
said()
{
	[ "$(grep -cE -e "$2" "$perr")" -ge "$1" ]
}
ok "a service" wait_for 10 said 1 'Scan complete'
mv store2 away
ok "says so in each cycle" wait_for 10 said 2 'store2 is not there, and'
mv away store2
lines=$(grep -c 'store2 is not there' "$perr")
ok "and is content when it is back" wait_for 10 said 2 'Scan complete'
is "from then on" "$(grep -c 'store2 is not there' "$perr")" "$lines"
stop "$pid" TERM
is "it ends" "$?" 0
done_testing
