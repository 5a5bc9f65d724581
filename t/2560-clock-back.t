#!/bin/sh
# The clock was ahead, and is set back; the record of an object is lost: its name
# is taken, and is stepped over.
. "$(dirname "$0")/lib.sh"
command -v faketime >/dev/null || skip_all "no faketime here"
! nm -D "$lf" 2>/dev/null | grep -q __asan_init ||
	skip_all "nothing is preloaded before the sanitizers"

sql a.db 'create table t(x); insert into t values(1)'
b()
{
	"$@" "$lf" backup --to store "$scratch/a.db"
}
status 0 "a day ahead" b faketime -f +1d
cp -a state lost
sql a.db 'update t set x = 2'
status 0 "set back" b env
rm -rf state
mv lost state
sql a.db 'update t set x = 3'
status 1 "the record is lost, and the name taken" b env
says "it says so" 'a.db/.*in the way: File exists'
status 0 "the next run steps over it" b env
"$lf" restore -q -o out.db "store$scratch/a.db"
is "the newest is the newest" "$(sql out.db 'select x from t')" 3
is "all are there" "$(find store -name '*.lz4' | wc -l)" 3
done_testing
