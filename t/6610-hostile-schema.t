#!/bin/sh
# Schemas that mean harm: a backup stores them as they are, and a check of them
# runs nothing of theirs, ends, and calls damaged only what is.
. "$(dirname "$0")/lib.sh"

# Whatever is opened, by a check or on the way to an image, distrusts it.
(cd "$top/src" && grep -l 'sqlite3_open' ./*/*.c | sort) >opens
(cd "$top/src" && grep -l '[^a-z_]distrust_schema(' ./*/*.c | grep -v \
    distrust.c | sort) >distrusts
ok "who opens a database distrusts its schema" diff opens distrusts

mkdir data
# schema NAME SQL...: a database with a table, and with entries that SQLite
# itself would not take.
schema()
{
	_db=data/$1.db
	shift
	sql "$_db" "CREATE TABLE t(x); INSERT INTO t VALUES('secret'), ('b');
	    CREATE INDEX i ON t(x);" "$@" || exit 1
}
# instead SQL: of the index.
instead()
{
	echo "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET
	    sql = 'CREATE INDEX i ON t($1)' WHERE name = 'i'"
}
# entry TYPE NAME SQL
entry()
{
	echo "PRAGMA writable_schema = 1; INSERT INTO sqlite_schema
	    VALUES('$1', '$2', '$2', 0, '$3')"
}
long=$(printf '%%a%.0s' $(seq 1 200))
many=$(seq 1 300 | tr '\n' ' ')

schema good
schema view "CREATE VIEW v AS SELECT load_extension('$scratch/x.so');
    CREATE VIEW w AS SELECT writefile('$scratch/written', 'x');
    CREATE VIEW z AS SELECT fts3_tokenizer('simple', x'00') FROM t"
schema endless-view "CREATE VIEW v AS WITH RECURSIVE c(i) AS
    (SELECT 1 UNION ALL SELECT i + 1 FROM c) SELECT * FROM c"
schema trigger "CREATE TRIGGER g INSERT ON t BEGIN
    SELECT load_extension('$scratch/x.so'); DELETE FROM t; END"
schema unknown-module "$(entry table v 'CREATE VIRTUAL TABLE v USING mine(a)')"
schema fts "CREATE VIRTUAL TABLE f USING fts5(a);
    INSERT INTO f VALUES('some words')"
schema rtree "CREATE VIRTUAL TABLE r USING rtree(id, a, b);
    INSERT INTO r VALUES(1, 2, 3)"
schema check "CREATE TABLE c(x CHECK (x NOT LIKE '$long%b'));
    INSERT INTO c SELECT NULL" "PRAGMA ignore_check_constraints = 1;
    INSERT INTO c VALUES(hex(zeroblob(300)) || '$(echo "$many" |
    tr -c 'a' 'a')')"
schema own-check "CREATE TABLE c(x); PRAGMA writable_schema = 1;
    UPDATE sqlite_schema SET sql = 'CREATE TABLE c(x CHECK (mine(x)))'
    WHERE name = 'c'"
schema write-index "$(instead "writefile(''$scratch/written'', x)")"
schema own-index "$(instead 'mine(x)')"
schema large-index "$(instead 'zeroblob(2000000000)')"
schema large-index2 "$(instead 'hex(zeroblob(400000000))')"
schema generated "CREATE TABLE g(x, y); INSERT INTO g VALUES(1, 2);
    PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql =
    'CREATE TABLE g(x, y AS (writefile(''$scratch/written'', x)) NOT NULL)'
    WHERE name = 'g'"
schema escapes "CREATE TABLE \"$(printf '\033]0;title\007\033[2J')\"(x)"
schema long-name "CREATE TABLE \"$(head -c 100000 /dev/zero | tr '\0' n)\"(x)"
python3 - data/tables.db <<'END' || exit 1
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN")
for i in range(10000):
    db.execute("CREATE TABLE t%d(x UNIQUE)" % i)
db.execute("CREATE TABLE l(x DEFAULT '%s')" % ("d" * 5000000))
db.execute("COMMIT")
END
n=$(find data -name '*.db' | wc -l)

for how in none quick full; do
	rm -rf state
	status 0 "$how: all $n are stored" timeout 60 "$lf" backup -v --jobs 1 \
	    --state state --check "$how" --to "store-$how" "$scratch/data/*.db"
	says "$how: that is all" "$n databases, $n synced"
	says_not "$how: none is called damaged" 'damaged'
	says_not "$how: no worker died" 'worker'
	is "$how: no escape is passed on" "$(tr -d '\n' <"$err" |
	    tr -dc '\000-\037' | wc -c)" 0
	rm -rf back
	status 0 "$how: all come back" timeout 60 "$lf" restore-pattern -q \
	    --jobs 1 --check "$how" --output-dir back "store-$how$scratch/data/"
	is "$how: as they were" "$(cd "back" && find . -name '*.db' | wc -l)" \
	    "$n"
done

# No SQLite takes this one, so it is.
schema ../load-index "$(instead "load_extension(''$scratch/x.so'')")"
status 1 "a schema that SQLite refuses" "$lf" backup --state state2 \
    --check full --to store2 "$scratch/load-index.db"
says "is damaged" 'damaged .stored as it is.: malformed database schema'
not_ok "nothing was written" test -e written
done_testing
