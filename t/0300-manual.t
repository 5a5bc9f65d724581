#!/bin/sh
#
# The manual pages are sound, and the examples of litefleet(1) work: each is
# run, in order, with its directories moved into the scratch directory.

. "$(dirname "$0")/lib.sh"

if command -v mandoc >/dev/null; then
	for page in "$top"/man/*.[1-8]; do
		ok "${page##*/} is lint-clean" \
		    mandoc -T lint -W warning "$page"
	done
	ok 'litefleet.1 can be shown' \
	    sh -c 'mandoc -T markdown "$0" | grep -q DESCRIPTION' \
	    "$top/man/litefleet.1"
else
	skip 'no mandoc here' 3
fi

for page in "$top"/man/*.[1-8]; do
	sed -n 's/^\.Xr \(litefleet[a-z-]*\) \([1-8]\).*/\1.\2/p' "$page"
done | sort -u >refs
while read -r x; do
	ok "$x, which a page refers to, is there" test -e "$top/man/$x"
done <refs
tr ' ' '\n' <"$top/man/litefleet-security.7" |
    grep -E '^([0-9]{4}-[a-z0-9-]*\.t|unit/check_[a-z0-9_-]*\.c)$' |
    sort -u >proofs
ok 'promises have proofs' test "$(wc -l <proofs)" -ge 20
while read -r x; do
	ok "$x, which proves a promise, is there" test -e "$top/t/$x"
done <proofs
# Of each item of the lists there; what the sandbox grants is in one.
is 'no promise is without' "$(awk '
	/^\.Sh PROMISES/ { on = 1 }
	/^\.Sh NOT PROMISED/ { on = 0 }
	/^\.Bl/ { dash = /-dash/ }
	on && (/^\.It/ || /^\.El/) {
		if (item != "" && item !~ /\.[tc]( |$)/)
			print item
		item = ""
	}
	on && dash && /^\.It/ { item = " " }
	on && item != "" && !/^\.It/ { item = item $0 " " }
    ' "$top/man/litefleet-security.7")" ''
# Of each variable whose name stands, in no table of options, in a file that
# asks the environment; but for those of the tests.
sed -n '/^\.Sh ENVIRONMENT/,/^\.Sh FILES/s/^\.It Ev //p' \
    "$top/man/litefleet.1" | sed 's/ , /\n/g' | sort >told
grep -lw -e getenv -e settings_env "$top"/src/*/*.c |
    grep -v -e /hook.c -e /pry.c | xargs grep -hv '^	*{ "' |
    grep -oE '"([A-Z][A-Z0-9_]{3,}|[a-z]+_proxy)"' | tr -d '"' | sort -u >asked
ok 'variables are asked for' test "$(wc -l <asked)" -ge 30
while read -r word; do
	ok "litefleet.1 tells of $word" grep -qxF "$word" told
done <asked
for n in 0 1 2 3 75; do
	ok "litefleet.1 tells of exit status $n" sh -c '
		sed -n "/^\.Sh EXIT STATUS/,/^\.Sh EXAMPLES/p" "$0" |
		    grep -qx "\.It $1"' "$top/man/litefleet.1" "$n"
done

"$tools/mkfleet" "$scratch" 20 || exit 1
mkdir "$scratch/bin" "$scratch/tmp" "$scratch/data/cache" "$scratch/home" ||
    exit 1
ln -s "$lf" "$scratch/bin/litefleet"
PATH=$scratch/bin:$PATH
sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE ALSO/s/^\$ //p' "$top/man/litefleet.1" |
    sed -E "s,([ '])/(data|backup|short|tmp)\\>,\\1$scratch/\\2,g" |
    sed "s,\(/backup\)/data/,\1$scratch/data/," >commands
ok 'there are examples' test "$(wc -l <commands)" -ge 10
n=0
while read -r line <&3; do
	n=$((n + 1))
	if [ "${line#lz4}" != "$line" ] && ! command -v lz4 >/dev/null; then
		skip 'no lz4 here'
		continue
	fi
	# From wherever it is pasted.
	status 0 "example $n works" sh -c "cd home && $line" 3<&- ||
		diag "$line"
done 3<commands

done_testing
