# shellcheck shell=sh
# shellcheck disable=SC2034	# what it sets, families use
#
# lib.sh -- what each family of the torture begins with, on top of t/lib.sh:
#
#	FAMILY [SECONDS [SEED]]
#
#	$seconds $seed		how long, and what all chance comes from
#	time_left		is there any?
#	chance N		sets $drawn: 0 to N-1, the next of the seed
#	one_of WORD...		sets $drawn: one of them
#	count NAME N		adds to a figure; they stand in one line at the
#				end, "# figures: NAME=N ...", for t/torture/run
#	finish			instead of done_testing

top=$(cd "$(dirname "$0")/../.." && pwd -P)
seconds=${1:-10}
seed=${2:-${LITEFLEET_SEED:-$(date +%s)}}
_arguments="$seconds$seed"
case $_arguments in
*[!0-9]*)
	echo "usage: $0 [SECONDS [SEED]]" >&2
	exit 2
	;;
esac
# shellcheck source=t/lib.sh
. "$top/t/lib.sh"
echo "# $(basename "$0") $seconds $seed"
_until=$(($(_now_ms) + seconds * 1000))
_chance=$((seed % 2147483647))
_figures=

time_left()
{
	[ "$(_now_ms)" -lt "$_until" ]
}

chance()
{
	_chance=$(((_chance * 1103515245 + 12345) % 2147483648))
	drawn=$((_chance / 65536 % $1))
}

one_of()
{
	chance $#
	shift "$drawn"
	drawn=$1
}

count()
{
	eval "_figure_$1=\$((\${_figure_$1:-0} + $2))"
	case " $_figures " in
	*" $1 "*) ;;
	*) _figures="$_figures $1" ;;
	esac
}

finish()
{
	_line=
	for _f in $_figures; do
		eval "_line=\"\$_line \$_f=\$_figure_$_f\""
	done
	echo "# figures:$_line"
	done_testing
}
