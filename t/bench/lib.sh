# shellcheck shell=bash
#
# lib.sh -- what the parts of "make bench" have in common.
#
#	$top	$tools	$lf	the source tree, its test tools, litefleet
#	$dir			a scratch directory; put_away is called before
#				it is removed at the end
#
#	die WHY...
#	now_us
#	ratio A B		A / B
#	median			of the numbers on standard input; and the
#				least and the largest
#	at_most WHAT VALUE UNIT AIM
#	at_least WHAT VALUE UNIT AIM

set -eu

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck disable=SC2034	# used by who reads this
tools=${LITEFLEET_BUILD:-$top/build}/t lf=$top/litefleet
dir=$(mktemp -d "${TMPDIR:-/tmp}/litefleet-bench.XXXXXX")

put_away()
{
	:
}

trap 'put_away; rm -rf "$dir"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

die()
{
	echo "bench: $*" >&2
	exit 1
}

now_us()
{
	local t=$EPOCHREALTIME

	echo "${t%[.,]*}${t#*[.,]}"
}

ratio()
{
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.4f", a / b }'
}

median()
{
	sort -n | awk '{ v[NR] = $1 } END {
		m = NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2
		printf "%.1f %.1f %.1f\n", m, v[1], v[NR]
	}'
}

_figure()
{
	awk -v what="$1" -v value="$2" -v unit="$3" -v aim="$4" \
	    -v word="$5" 'BEGIN {
		met = word == "at most" ? value <= aim : value >= aim
		printf "%-44s %8.2f %s (aim: %s %s, %s)\n", what, value,
		    unit, word, aim, met ? "met" : "MISSED"
	}'
}

at_most()
{
	_figure "$@" 'at most'
}

at_least()
{
	_figure "$@" 'at least'
}
