#!/bin/sh
#
# Each parser of foreign bytes survives its corpus and a bounded number of
# mutations of it ("t/fuzz/run SECONDS" goes on for longer).

. "$(dirname "$0")/lib.sh"

n=0
for source in "$top"/t/fuzz/fuzz_*.c; do
	[ -e "$source" ] || continue
	target=${source##*/}
	target=${target%.c}
	corpus=$top/t/fuzz/corpus/${target#fuzz_}
	n=$((n + 1))
	case $target in
	fuzz_statedir) CASES=1000 ;;	# hundreds of calls each
	*) CASES=5000 ;;
	esac
	ok "$target: $CASES cases" timeout 120 \
	    "$tools/$target" "$corpus" "$CASES"
done
for corpus in "$top"/t/fuzz/corpus/*/; do
	corpus=${corpus%/}
	ok "the corpus ${corpus##*/} has its target" \
	    test -e "$top/t/fuzz/fuzz_${corpus##*/}.c"
done
ok 'there are fuzz targets' test "$n" -gt 0

done_testing
