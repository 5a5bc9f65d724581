#!/bin/sh
# Backups are later than the restore says that it began: its host's clock is
# behind.
. "$(dirname "$0")/lib.sh"

rp()
{
	"$lf" restore-pattern --output-dir out "$@"
}
figure()
{
	jq -r "select(.type == \"summary\") | .$1" "$out"
}
word()
{
	sql "$1" "SELECT w FROM w"
}
dir=store$scratch/data
glob=$dir/
tab=$(printf '\t')
journal=out/.litefleet-restore

# late DB HOURS: its last backup is of then, also to the file system.
late()
{
	_last=$(find "$dir/$1" -type f | sort | tail -n 1)
	_new=$dir/$1/$(date -u -d "now + $2 hours" +%Y%m%dT%H%M%S.000Z).db.lz4
	mv "$_last" "$_new"
	touch -d "now + $2 hours" "$_new"
}

# fleet: a.db has a backup of an hour from now, b.db an old one and one of two
# hours from now, c.db one of two hours from now.
fleet()
{
	rm -rf data store state out
	mkdir data
	sql data/b.db "CREATE TABLE w(w); INSERT INTO w VALUES('old')"
	"$lf" backup -q --to store "$scratch/data/*.db" || exit 1
	sql data/b.db "UPDATE w SET w = 'new'"
	for i in a c; do
		sql data/$i.db "CREATE TABLE w(w); INSERT INTO w VALUES('new')"
	done
	"$lf" backup -q --to store "$scratch/data/*.db" || exit 1
	late a.db 1
	late b.db 2
	late c.db 2
}

fleet
mkdir -p out/b.db out/c.db
status 1 "two are in the way" rp "$glob"
rmdir out/b.db out/c.db
sql data/d.db "CREATE TABLE w(w)"
"$lf" backup -q --to store "$scratch/data/d.db" || exit 1
late d.db 3
status 0 "--resume" rp --json --resume "$glob"
is "finds them again" "$(figure there) $(figure restored)" "1 2"
is "as they were" "$(word out/b.db) $(word out/c.db)" "new new"
not_ok "what came later does not count" test -e out/d.db
is "each has its object" "$(jq -r 'select(.type != "summary") | .type' "$out" |
    sort | tr '\n' ' ')" "restored restored skipped there "
is "what is in the journal, too" "$(jq -r 'select(.type == "there") |
    .key, .target' "$out" | tr '\n' ' ')" "${scratch#/}/data/a.db out/a.db "
says "and is named" "warning: .*d.db: skipped: its backups came after"
is "no journal is left" "$(find out -name '.*')" ""

# The journal of one that was killed before it had come to the others.
fleet
mkdir -p out/b.db out/c.db
status 1 "two are in the way" rp "$glob"
rmdir out/b.db out/c.db
sed -i "/^$tab/d" "$journal"
is "it has one line" "$(sed 1d "$journal" | grep -c a.db)" 1
status 1 "--resume" rp --json --resume --error-report report "$glob"
says "names what it cannot tell" "c.db: its backups, .* by this host's clock"
not_ok "and leaves it" test -e out/c.db
is "as not found" "$(cut -f 2,3,5 report | tr '\t' ' ')" \
    "out/c.db not-found "
ok "the journal stays" test -e "$journal"
status 0 "--retry-report" rp --retry-report report "$glob"
is "brings it back" "$(word out/c.db)" new
is "no journal is left" "$(find out -name '.*')" ""

# other_c: c.db has no backup but one of three hours from now, of another run.
other_c()
{
	rm -rf other "$dir/c.db"
	"$lf" backup -q --to other "$scratch/data/c.db" || exit 1
	mv "other$scratch/data/c.db" "$dir"
	late c.db 3
}

# By line, each is asked for, and goes where its line says.
fleet
mkdir -p out/own.db
printf '%s\n' "${scratch#/}/data/a.db" "${scratch#/}/data/c.db${tab}${tab}${tab}out/own.db" >lines
status 1 "lines, one is in the way" rp --from store - <lines
rmdir out/own.db
other_c
status 1 "--resume" rp --json --resume --error-report report --from store - \
    <lines
says "names what has nothing so old" "c.db: its backups, .* are later than"
is "with the target of its line" "$(cut -f 2,3 report)" \
    "out/own.db${tab}not-found"
is "also in its object" "$(jq -r 'select(.type == "failed") | .target' \
    "$out")" out/own.db
status 0 "--retry-report" rp --retry-report report --from store
is "brings it there" "$(word out/own.db)" new
is "and nowhere else" "$(find out -name 'c.db*')" ""

# To original paths, of one that was killed.
own()
{
	"$lf" restore-pattern --state "$scratch/st" --from "$scratch/store" "$@"
}
fleet
rm data/*
mkdir data/b.db data/c.db
status 1 "by path, two are in the way" own "$scratch/data/*.db"
rmdir data/b.db data/c.db
sed -i "/^$tab/d" st/restore-*
status 1 "--resume" own --resume --error-report report "$scratch/data/*.db"
is "its own path is the target" "$(cut -f 2,3 report)" \
    "$scratch/data/c.db${tab}not-found"
mkdir cwd
cd cwd || exit 1
status 1 "--retry-report with the store alone" own --retry-report ../report
says "names what else it wants" "c.db: refused: its target .* --pattern"
is "and leaves nothing here" "$(find . -name '*.db*')" ""
status 0 "with the operand" own --retry-report ../report "$scratch/data/*.db"
cd "$scratch" || exit 1
is "it comes to its own path" "$(word data/c.db)" new
is "and nowhere else" "$(find cwd -name '*.db*')" ""

done_testing
