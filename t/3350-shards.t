#!/bin/sh
#
# A restore that many machines divide, by the files of contrib as they are: an
# Indexed Job of Kubernetes, a Slurm array, GNU parallel.  All parts together
# restore everything, each database once; a part that is done again does nothing.

. "$(dirname "$0")/lib.sh"

"$tools/mkfleet" "$scratch" 200 || exit 1
mkdir bin
ln -s "$lf" bin/litefleet
PATH=$scratch/bin:$PATH
litefleet backup -q --to store "$scratch/data/**/*.db" || exit 1
objects=$(litefleet list store | wc -l)
ok 'there is a fleet' test "$objects" -eq 200
from="$scratch/store/**"

# What each part says that it restored, added up; and all of it compared.
restored()
{
	cat "$@" | sed -n 's/.*Restore complete: .* \([0-9]*\) restored.*/\1/p' |
	    awk '{ n += $1 } END { print n + 0 }'
}
all_there()
{
	mkdir -p "$2"
	is "$1: all are there" "$(find "$2" -name '*.db' | wc -l)" "$objects"
	same=1
	for db in $(cd "$scratch/data" && find . -name '*.db'); do
		[ "$(sql "$scratch/data/$db" .dump | cksum)" = \
		    "$(sql "$2$scratch/data/$db" .dump 2>&1 | cksum)" ] || {
			same=0
			break
		}
	done
	is '... with the same content' "$same" 1
	is '... and no journal is left' \
	    "$(find "$2" -name '.litefleet-restore*')" ''
}

# A shard that nothing falls into is done; one of nothing at all is not.
rp()
{
	litefleet restore-pattern --shard "$@"
}
one=$(litefleet list store | sed -n '1s/.*	//p')
mine=$(for i in 1 2 3; do
	rp $i/3 -n --output-dir one "$scratch/store/$one" 2>/dev/null |
	    grep -q . && echo $i
done)
is 'a database is in one shard of three' "$(echo "$mine" | wc -w)" 1
other=$((mine % 3 + 1))/3
status 0 'a shard that nothing falls into succeeds' \
    rp $other --output-dir one "$scratch/store/$one"
says '... and says so' "other shards than $other"
status 0 '... also by path' \
    rp $other --output-dir one --from store "/$one"
says '... and says so' "other shards than $other"
echo "$one" >line
status 0 '... and by line' sh -c 'exec "$@" <line' sh litefleet \
    restore-pattern --shard $other --output-dir one --from store -
says '... and says so' "other shards than $other"
status 0 '... and in a dry run' rp $other -n --output-dir one \
    "$scratch/store/$one"
status 1 'a shard of what nothing matches has failed' \
    rp $other --output-dir one "$scratch/store/none*"
says '... and says so' 'nothing in the store .* matches'
status 1 '... also where the store has others' rp $other --output-dir one \
    --from store "$scratch/data/none*"
ok 'nothing was made by all this' sh -c '[ -z "$(find one -type f)" ]'

# The Job's own line: the text of the only item of "args".
line=$(sed -n '/^          args:/,/^          env:/p' \
    "$top/contrib/k8s/restore-job.yaml" | sed '1,2d;$d' | tr -s ' \n' ' ')
line=$(echo "$line" | sed "s,/restore ,$scratch/k8s ,")
ok 'the job has a line for the shell' \
    sh -c 'case $1 in *--output-dir\ /*k8s*) ;; *) exit 1 ;; esac' sh "$line"
setting()
{
	sed -n "s/^ *$1: *//p" "$top/contrib/k8s/restore-job.yaml"
}
shards=$(setting completions)
is 'as many shards as completions' \
    "$(sed -n '/name: SHARDS/{n;s/.*"\(.*\)"/\1/p;}' \
    "$top/contrib/k8s/restore-job.yaml")" "$shards"
i=0
rcs=
while [ "$i" -lt "$shards" ]; do
	JOB_COMPLETION_INDEX=$i SHARDS=$shards FROM=$from sh -c "$line" \
	    2>"k8s.$i"
	rcs="$rcs $?"
	i=$((i + 1))
done
is 'each pod of the job succeeds' "$(echo "$rcs" | tr -d ' 0')" ''
is '... and each database is of one of them' "$(restored k8s.*)" "$objects"
all_there 'an indexed job' k8s
status 0 'a pod that is started again succeeds' env JOB_COMPLETION_INDEX=0 \
    SHARDS="$shards" FROM="$from" sh -c "$line"
is '... and has nothing to do' "$(restored "$err")" 0

# Slurm sets these; sbatch itself wants a cluster.
task()
{
	env SLURM_ARRAY_TASK_ID="$1" SLURM_ARRAY_TASK_MIN="$2" \
	    SLURM_ARRAY_TASK_MAX="$3" SLURM_ARRAY_TASK_COUNT="$4" ${5+"$5"} \
	    sh "$top/contrib/slurm/restore.sbatch" "$scratch/slurm" "$from"
}
array=$(sed -n 's/^#SBATCH --array=//p' "$top/contrib/slurm/restore.sbatch")
is 'the array begins at 1' "${array%-*}" 1
last=${array#*-}
i=1
rcs=
while [ "$i" -le "$last" ]; do
	task "$i" 1 "$last" "$last" 2>"slurm.$i"
	rcs="$rcs $?"
	i=$((i + 1))
done
is 'each task of the array succeeds' "$(echo "$rcs" | tr -d ' 0')" ''
is '... and each database is of one of them' "$(restored slurm.*)" "$objects"
all_there 'an array of tasks' slurm
status 2 'an array that begins at 0 is refused' task 0 0 15 16
says '... and what to write instead is said' 'array=1-N'
status 2 'a part of an array is, too' task 3 3 7 2
status 0 '... unless it is said of how many' task 3 3 7 2 SHARDS=16

if ! command -v parallel >/dev/null; then
	skip 'no GNU parallel here' 7
else
	printf '# this one, twice\n:\n2/:\n' >machines
	status 0 'GNU parallel' "$top/contrib/parallel/restore" machines \
	    "$scratch/parallel" "$from"
	is '... has each database done once' "$(restored "$err")" "$objects"
	all_there 'GNU parallel' parallel
	is '... four parts for each machine' "$(sed 1d restore.log | wc -l)" 8
	status 2 'a relative directory is refused' \
	    "$top/contrib/parallel/restore" machines here "$from"
fi

done_testing
