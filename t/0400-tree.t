#!/bin/sh
#
# The rules of the house that a machine can check: blanks, widths, lengths,
# comments, guards, scripts, and how the binary is linked.

. "$(dirname "$0")/lib.sh"

cd "$top" || exit 1
found=$scratch/found

# none NAME: $found is empty; else it says what was found.
none()
{
	is "$1" "$(wc -l <"$found")" 0 || diag "$(sed -n 1,40p "$found")"
}

c_files=$(find src t -name '*.[ch]' | sort)
scripts=$(find t -maxdepth 1 -name '*.t' | sort)
scripts="bin/setup .ci/run t/demo t/bench/lib.sh t/bench/run t/bench/idle t/bench/s3 t/fuzz/run t/fuzz/guided t/lib.sh
    t/valgrind/run
    $(find t/torture -type f ! -name '*.c' | sort)
    t/s3/daemon.sh t/s3/harm.sh t/s3/ceph t/s3/haproxy t/s3/nginx t/s3/swift
    contrib/parallel/restore contrib/slurm/restore.sbatch $scripts"
texts="$c_files $scripts GNUmakefile README.md INSTALL CHANGES LICENSE
    src/README $(find man contrib -type f | sort)"

# shellcheck disable=SC2086	# lists of names without blanks
grep -nE '[ 	]+$' $texts >"$found"
none 'no blanks at the end of a line'

# shellcheck disable=SC2086
grep -nE '^	* +	|^	*        ' $c_files >"$found"
none 'C is indented by tabs, and by four blanks where a line goes on'

# shellcheck disable=SC2086
grep -lI "$(printf '\r')" $texts >"$found"
none 'no carriage returns'

# unended FILE...: those whose last byte is no newline.
unended()
{
	tail -q -c 1 "$@" | tr '\n' . | tr -c . x | fold -w 1 >"$scratch/ends"
	printf '%s\n' "$@" | paste "$scratch/ends" - | sed -n 's/^x	//p'
}

# shellcheck disable=SC2086
unended $texts >"$found"
none 'every file ends with a newline'
printf 'a\nb' >"$scratch/torn"
is 'one that does not is found' \
    "$(unended GNUmakefile "$scratch/torn" INSTALL)" "$scratch/torn"

# wide FILE...: lines of more than 80 columns, tabs expanded.
wide()
{
	awk '{
		n = 0
		parts = split($0, part, "\t")
		for (i = 1; i < parts; i++)
			n += length(part[i]) + 8 - (n + length(part[i])) % 8
		n += length(part[parts])
		if (n > 80)
			print FILENAME ":" FNR ": " n
	}' "$@"
}

# shellcheck disable=SC2086
wide $c_files >"$found"
none 'no line of C is wider than 80 columns'
printf '%080d\n\t%072d\nx\t%073d\n%081d\n' 1 2 3 4 >"$scratch/wide"
is 'one that is wider is found' "$(wide "$scratch/wide" | cut -d : -f 2,3 |
    paste -s -d , -)" '3: 81,4: 81'

# shellcheck disable=SC2086
wc -l $c_files $scripts | awk '$1 >= 800 && $2 != "total"' >"$found"
none 'no file has 800 lines'

# Put together here, so that this file is not found.
words="TO""DO|FIX""ME|X""XX"
# shellcheck disable=SC2086
grep -nwE "$words" $texts >"$found"
none 'no word promises to do it later'

# unguarded FILE...: headers that are not all in their guard.
unguarded()
{
	awk '
	function check() {
		if (file != "" && !(has_if && has_def && last == "#endif"))
			print file ": " guard
	}
	FNR == 1 {
		check()
		file = FILENAME
		guard = toupper(file)
		sub(/^SRC\//, "", guard)
		gsub(/[.\/]/, "_", guard)
		has_if = has_def = 0
	}
	$0 == "#ifndef " guard { has_if = 1 }
	$0 == "#define " guard { has_def = has_if }
	{ last = $0 }
	END { check() }' "$@"
}

headers=$(find src -name '*.h' | sort)
# shellcheck disable=SC2086
unguarded $headers >"$found"
none 'every header has its guard'
printf '#ifndef B_H\n#define B_H\nint b;\n' >"$scratch/b.h"
is 'one that has none is found' \
    "$(unguarded src/base/err.h "$scratch/b.h" src/base/buf.h |
    cut -d : -f 1)" "$scratch/b.h"

# shellcheck disable=SC2086
awk 'FNR == 1 && !/^\/\*/ { print FILENAME }' $headers >"$found"
none 'every header begins with what it is'

# undocumented FILE...: functions of headers with no comment right in front of
# them or beside them.  Those that stand together share one.  None is needed
# by those that only begin or end the life of what the type's comment tells of,
# and by the one or two functions of a header whose first comment is theirs.
undocumented()
{
	awk '
	function end_group() {
		if (!documented)
			bare = bare group
		group = ""
		documented = 0
	}
	function end_file() {
		end_group()
		if (nfunctions > 2)
			printf "%s", bare
		bare = ""
		nfunctions = comment = macro = 0
	}
	FNR == 1 { end_file() }
	!comment && /^\/\*/ { end_group(); comment = 1; documented = 1 }
	comment { comment = !/\*\//; next }
	/^$/ { end_group(); next }
	macro || /^#define .*\\$/ { macro = /\\$/; next }
	/\/\*/ { documented = 1; comment = !/\*\// }
	/^[a-z].*[ *][a-z0-9_]+\(/ && !/^(static|typedef)/ {
		nfunctions++
		name = $0
		sub(/\(.*/, "", name)
		sub(/.*[ *]/, "", name)
		if (name !~ /_(new|init|free|fini|reset|open|close)$/)
			group = group FILENAME ":" FNR ": " name "\n"
	}
	END { end_file() }' "$@"
}

# shellcheck disable=SC2086
undocumented $headers >"$found"
none 'every public function has a comment in front'

cat >"$scratch/x.h" <<'END'
/* x -- a header. */
struct x;

struct x *x_new(void);
void x_free(struct x *x);

/* Told. */
int x_told(struct x *x);
int x_told_too(struct x *x);

int x_bare(struct x *x);
int x_beside(struct x *x);	/* told */

int x_naked(struct x *x);
END
undocumented "$scratch/x.h" >"$found"
is 'a function without one is found' "$(cat "$found")" \
    "$scratch/x.h:14: x_naked"

# shellcheck disable=SC2046
awk 'FNR == 1 && !/^(\/\*|#include ")/ { print FILENAME }' \
    $(find src -name '*.c' | sort) >"$found"
none 'every C file begins with its comment, or its own header'

for f in $scripts; do
	case $f in
	t/lib.sh | t/torture/lib.sh | t/bench/lib.sh | \
	    t/s3/daemon.sh | t/s3/harm.sh) continue ;;
	esac
	[ -x "$f" ] || echo "$f"
done >"$found"
none 'every script is executable'

# What stands in the first columns there, before two blanks.
sed -n '/^Targets$/,/^Variables/p' INSTALL |
    sed -n '/^    [a-z]/{s/^    //;s/  .*//;s/, */\n/g;p;}' |
    sort >"$scratch/told"
sed -n '/^\.PHONY:/,/[^\\]$/p' GNUmakefile | sed 's/^\.PHONY://' |
    grep -oE '[a-z][a-z0-9-]*' | sort >"$scratch/targets"
ok 'there are targets' test "$(wc -l <"$scratch/targets")" -ge 10
diff "$scratch/told" "$scratch/targets" >"$found"
none 'INSTALL tells of every target of make, and of no other'

if command -v shellcheck >/dev/null; then
	# Without reading t/lib.sh for each, which takes five times as long and
	# is left to "make lint": who sets a variable, and who uses it.
	apart=$(sed -n 's/^disable=//p' .shellcheckrc | paste -s -d , -)
	# shellcheck disable=SC2086
	ok 'shellcheck has nothing to say' shellcheck --norc \
	    -e "$apart,SC1091,SC2034,SC2154" $scripts
else
	skip 'no shellcheck here'
fi

if command -v readelf >/dev/null; then
	readelf -hldW "$lf" >"$out" 2>"$err"
	prints 'litefleet is position independent' 'Type: +DYN'
	prints '... and a program' 'INTERP'
	prints '... with a read-only relocation table' 'GNU_RELRO'
	prints '... bound at the start' 'BIND_NOW|Flags:.* NOW'
	prints '... whose stack is not executable' 'GNU_STACK.* RW '
else
	skip 'no readelf here' 5
fi

done_testing
