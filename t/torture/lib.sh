# shellcheck shell=sh
# shellcheck disable=SC2034	# what it sets, families use
#
# lib.sh -- what each family of the torture begins with, on top of t/lib.sh:
#
#	FAMILY [SECONDS [SEED]]
#
#	$seconds $seed		how long, and what all chance comes from
#	time_left		is there any?
#	go_on FIGURE...		another round?  Sets $rounds.  Not once $bad is not
#				0; else the first in any case, then while there
#				is time, and for a minute more if one of these
#				figures is still 0: late is set then
#	chance N		sets $drawn: 0 to N-1, the next of the seed
#	one_of WORD...		sets $drawn: one of them
#	count NAME N		adds to a figure; they stand in one line at the
#				end, "# figures: NAME=N ...", for t/torture/run
#	counted NAME		prints what it is by now
#	leave_old DB		an application was at it: it is in WAL mode now,
#				with commits in the -wal alone; or its journal
#				persists; or it is no database, or gone
#	seen DB			prints what SQLite makes of it and what lies
#				beside it, in a copy: a hash, or "none"
#	seen_all DIR		the same of each name in the file "fleet"
#	finish FIGURE...	instead of done_testing: each of these is above 0

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
bad=0
rounds=0

time_left()
{
	[ "$(_now_ms)" -lt "$_until" ]
}

# Are all of these figures above 0?
_enough()
{
	for _f in "$@"; do
		[ "$(counted "$_f")" -gt 0 ] || return 1
	done
}

go_on()
{
	[ "$bad" -eq 0 ] || return 1
	late=
	if [ "$rounds" -gt 0 ] && ! time_left; then
		late=yes
		! _enough "$@" && [ "$(_now_ms)" -lt $((_until + 60000)) ] ||
			return 1
	fi
	rounds=$((rounds + 1))
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

counted()
{
	eval "echo \"\${_figure_$1:-0}\""
}

leave_old()
{
	chance 5
	case $drawn in
	0 | 1)
		sqlite3 -batch "$1" >/dev/null 2>&1 <<'END'
.dbconfig no_ckpt_on_close on
PRAGMA journal_mode=WAL;
INSERT INTO pad VALUES(randomblob(9000));
UPDATE t SET n = n + 1;
END
		;;
	2)
		sqlite3 -batch "$1" >/dev/null 2>&1 <<'END'
PRAGMA journal_mode=PERSIST;
UPDATE t SET n = n + 1;
END
		;;
	3) head -c 9000 /dev/urandom >"$1" ;;
	4) rm "$1" ;;
	esac
}

seen()
{
	rm -rf probe
	mkdir probe
	for _s in '' -wal -journal; do
		[ ! -e "$1$_s" ] || cp "$1$_s" "probe/db$_s"
	done
	if [ ! -e probe/db ]; then
		echo none
	else
		sqlite3 -batch probe/db 'PRAGMA integrity_check' .dump \
		    >dump 2>/dev/null
		case $(sed -n 1p dump) in
		ok) sha256sum <dump ;;
		*) sha256sum <probe/db ;;
		esac
	fi
}

seen_all()
{
	while read -r _db; do
		seen "$1/$_db"
	done <fleet
}

finish()
{
	for _f in "$@"; do
		ok "it came to $_f" test "$(counted "$_f")" -gt 0
	done
	_line=
	for _f in $_figures; do
		eval "_line=\"\$_line \$_f=\$_figure_$_f\""
	done
	echo "# figures:$_line"
	done_testing
}
