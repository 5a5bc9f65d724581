#!/bin/sh
# The clock was ahead, and is set back: names go on increasing, which is said
# once.  The record of an object is lost: its name is taken, and stepped over.
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

# A day forward and back, by many workers, and as a service.
said='the clock is 8[0-9]{4} s behind the newest backups'
"$tools/mkfleet" "$scratch" 40 >/dev/null || exit 1
p="$scratch/data/**/*.db"
fleet()
{
	_off=$1
	shift
	"$tools/mkfleet" --touch data 100% >/dev/null
	faketime -f "$_off" "$lf" backup --jobs 4 --to fleet "$p" "$@"
}
names()
{
	"$lf" list --all fleet | cut -f 1,2 | sort
}

status 0 "a fleet" fleet +0d
says_not "of a clock that goes on nothing is said" 'the clock'
status 0 "a day forward" fleet +1d
says_not "nor of one that is set forward" 'the clock'
names >before
status 0 "and back" fleet +0d
is "that it was set back is said once" "$(grep -cE "$said" "$err")" 1
names >after
is "each has one more" "$(comm -13 before after | wc -l)" 40
comm -13 before after >new
is "which is the newest" "$("$lf" list fleet | cut -f 1,2 | sort |
    comm -12 - new | wc -l)" 40
"$lf" restore-pattern -q --output-dir back "fleet$p"
ok "and what the database is" diff -r data back

"$tools/mkfleet" --touch data 100% >/dev/null
start "$lf" backup --interval 200ms --jobs 4 --to fleet "$p"
cycle()
{
	[ "$("$lf" list --all fleet | wc -l)" -ge "$1" ]
}
wait_for 20 cycle 160
"$tools/mkfleet" --touch data 100% >/dev/null
wait_for 20 cycle 200
said_by=$perr
stop "$pid"
is "a service says it once" "$(grep -cE "$said" "$said_by")" 1
done_testing
