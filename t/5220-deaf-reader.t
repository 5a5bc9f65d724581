#!/bin/sh
# Who was to read the output does not: that holds up no end of a run.
. "$(dirname "$0")/lib.sh"

"$tools/mkfleet" "$scratch" 700 >/dev/null || exit 1
p="$scratch/data/*/databases/*/branches/*/tenants/*.db"
# It takes nothing until there is a file "go", but sees when the pipe is full.
cat >reader <<'PY'
import fcntl, os, struct, sys, termios, time
with open(sys.argv[1], "rb") as f:
    while struct.unpack("i", fcntl.ioctl(f, termios.FIONREAD,
                                         b"\0" * 4))[0] < 60000:
        time.sleep(0.02)
    open("full", "w").close()
    while not os.path.exists("go"):
        time.sleep(0.02)
    sys.stdout.buffer.write(f.read())
PY
cat >writer <<'SH'
#!/bin/sh
out=$1
shift
exec "$@" >"$out"
SH
chmod +x writer

# begin ARGS...: into a pipe that fills up.  Sets $run, $said and $reads.
begin()
{
	rm -rf state store full go fifo
	mkfifo fifo
	start python3 reader fifo
	reads=$pid
	got=$pout
	start ./writer fifo "$lf" "$@"
	run=$pid
	said=$perr
	ok "$1: the pipe is full" wait_for 60 test -e full
}
gone()
{
	! kill -0 "$1" 2>/dev/null
}
# Waits only for so long, unlike ended: $rc, or nothing.
ends()
{
	rc=
	if wait_for "$2" gone "$1"; then
		ended "$1"
		rc=$?
	else
		stop "$1" KILL
	fi
}
# gave_up NAME
gave_up()
{
	ends "$run" 8
	is "$1: it ends soon" "$rc" 3
	cp "$said" "$err"
	says "$1: what was lost is said" 'error: write standard output: '
	is "$1: once" "$(grep -c 'write standard output' "$err")" 1
	stop "$reads" KILL
}

begin backup --json --grace 2s --to store "$p"
kill -TERM "$run"
gave_up "TERM"
status 0 "what was stored is" "$lf" backup -q --to store "$p"

# Who reads late has all of it.
begin backup --json --grace 20s --to store "$p"
kill -TERM "$run"
: >go
ends "$reads" 60
ends "$run" 60
ok "a reader that was slow: it ends" test "$rc" -eq 3 -o "$rc" -eq 0
not_ok "nothing was lost" grep -q 'write standard output' "$said"
is "not a line" "$(jq -r 'select(.type == "stored") | .path' "$got" | wc -l)" \
    "$(jq -r 'select(.type == "summary") | .synced' "$got")"

"$lf" backup -q --state whole --to whole "$p" || exit 1
begin restore-pattern --json --no-progress --jobs 2 --output-dir out "whole$p"
kill -TERM "$run"
gave_up "restore-pattern: TERM"
done_testing
