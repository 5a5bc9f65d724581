# harm.sh -- what tests of servers that mean harm share; after t/lib.sh.
# shellcheck shell=sh disable=SC2034,SC2154	# of t/lib.sh, and for the test

# harm SERVER: start it on the directory server; sets $port.
harm()
{
	mkdir server
	start "$_s3/$1" "$scratch/server"
	wait_for 10 test -s "$pout" || exit 1
	read -r port _ <"$pout"
}

# Sanitizers take time and memory of their own.  What drips is given up after
# many times as long.
own=0
if nm -D "$lf" 2>/dev/null | grep -q __asan_init; then
	own=384
fi

running=
# run NAME ARGS...: litefleet in the background.
run()
{
	_name=$1
	shift
	case $own,$_name in
	0,* | *drip*) _times=$fast ;;
	*) _times='--request-timeout 5s --connect-timeout 5s' ;;
	esac
	# shellcheck disable=SC2086	# words
	"$_s3/measure" "m.$_name" "$lf" "$@" $_times >"o.$_name" 2>"e.$_name" &
	running="$running $!"
}

# ends NAME STATUS ERE: so it did, within the bounds.
most=0
longest=0
ends()
{
	if ! read -r _rc _s _mib <"m.$1"; then
		fail "$1: it was run"
		return
	fi
	[ "$_mib" -le "$most" ] || most=$_mib
	[ "$_s" -le "$longest" ] || longest=$_s
	if [ "$_rc" -ne "$2" ] || [ "$_mib" -gt $((${5:-128} + own)) ] ||
	    ! grep -aqE -e "$3" "e.$1" ||
	    [ "$(grep -ac '^litefleet: error: ' "e.$1")" -gt "${4:-1}" ]; then
		fail "$1"
		diag "status $_rc instead of $2, $_s s, $_mib MiB; no: $3"
		_show stderr "e.$1"
		return
	fi
	pass "$1"
}

# held: what all of this was not to do.
held()
{
	diag "at most $longest s and $most MiB"
	not_ok "nobody went elsewhere" test -e server/elsewhere
	is "no secret was said" "$(grep -al hidden e.* o.* | wc -l)" 0
	is "no line of an error is longer than a line" \
	    "$(cat e.* | awk 'length > 1500' | wc -l)" 0
	is "the server held out" "$(grep -ac Traceback "$perr")" 0
	ok "and is there" kill -0 "$pid"
}
