# shellcheck shell=bash
#
# daemon.sh -- what the test servers have in common: each process has a file
# $dir/run/NAME.pid, listens on 127.0.0.1 only, on a port that was free when it
# began, and is ended by its number, and by no name.  A script that reads this
# sets $dir and $self first.

: "${dir:?}" "${self:?}"

die()
{
	local f

	echo "$self: $*" >&2
	for f in "$dir"/log/*; do
		[ -s "$f" ] && { echo "--- $f"; tail -n 5 "$f"; } >&2
	done
	exit 1
}

need()
{
	local p

	PATH=$PATH:/usr/sbin:/sbin
	for p; do
		command -v "$p" >/dev/null && continue
		echo "$self: $p is not installed" >&2
		exit 77
	done
}

# Ended, or a zombie that somebody has yet to wait for.
gone()
{
	local stat

	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
	stat=${stat##*) }
	[ "${stat%% *}" = Z ]
}

pid_of()
{
	cat "$dir/run/$1.pid" 2>/dev/null
}

alive()
{
	local pid

	pid=$(pid_of "$1") && [ -n "$pid" ] && ! gone "$pid"
}

# spawn NAME PROGRAM ARGS...: in a session of its own, so that a signal from a
# terminal does not reach it.
spawn()
{
	local name=$1

	shift
	setsid "$@" </dev/null >"$dir/log/$name" 2>&1 &
	echo $! >"$dir/run/$name.pid"
	disown
}

# A number is only signalled while its command line still speaks of $dir.
ours()
{
	tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null | grep -qF -- "$dir"
}

signal()
{
	local pid

	pid=$(pid_of "$1") && ours "$pid" && kill "-$2" "$pid"
}

# The data is not kept, so there is nothing to wait for but the end.
end()
{
	local name pid i

	for name; do
		pid=$(pid_of "$name") || continue
		if ours "$pid"; then
			# All of its session: some fork workers.
			kill -KILL -- "-$pid" 2>/dev/null
			for ((i = 0; i < 250; i++)); do
				gone "$pid" && break
				sleep 0.02
			done
		fi
		rm -f "$dir/run/$name.pid"
	done
}

# ports N: N numbers in a row on which nobody listens, the first into $port.
# Below those that the kernel hands out by itself.
ports()
{
	local i tries used

	used=" $(awk '$4 == "0A" { print substr($2, length($2) - 3) }' \
	    /proc/net/tcp /proc/net/tcp6 2>/dev/null | tr '\n' ' ')"
	for ((tries = 0; tries < 200; tries++)); do
		port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
		for ((i = 0; i < $1; i++)); do
			case $used in
			*" $(printf %04X $((port + i))) "*) continue 2 ;;
			esac
		done
		return 0
	done
	die "no free port"
}

# An answer of any kind on $port?  (Given more words: one that matches.)
answers()
{
	local line=

	exec 9<>"/dev/tcp/127.0.0.1/$port" || return 1
	printf 'GET %s HTTP/1.0\r\n\r\n' "${1:-/}" >&9
	IFS= read -r -t 2 line <&9
	exec 9<&-
	[[ $line == HTTP/1.?\ ${2:-*}* ]]
} 2>/dev/null

# wait_up NAME SECONDS [PATH STATUS]: until $port answers; 1 if NAME ended.
wait_up()
{
	local i

	for ((i = 0; i < $2 * 50; i++)); do
		alive "$1" || return 1
		answers "${3-}" "${4-}" && return 0
		sleep 0.02
	done
	return 1
}
