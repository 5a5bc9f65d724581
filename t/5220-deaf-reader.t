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

# A terminal that nobody looks at any more: no pipe, and never quite full.
cat >terminal <<'PY'
import fcntl, os, pty, signal, struct, subprocess, sys, termios, time
def waiting(fd):
    return struct.unpack("i", fcntl.ioctl(fd, termios.FIONREAD, b"\0" * 4))[0]
master, slave = pty.openpty()
p = subprocess.Popen(sys.argv[1:], stdout=slave)
was, since = 0, time.time()
while was == 0 or time.time() - since < 1:
    now = waiting(master)
    if now != was:
        was, since = now, time.time()
    time.sleep(0.02)
if p.poll() is not None:
    sys.exit("it ended, and %d bytes wait" % was)
with open("/proc/%d/wchan" % p.pid) as f:
    print(f.read())
sys.stdout.flush()
p.send_signal(signal.SIGTERM)
try:
    sys.exit(p.wait(8))
except subprocess.TimeoutExpired:
    p.kill()
    sys.exit("it goes on")
PY
rm -rf state store
status 3 "a deaf terminal: TERM ends it" python3 terminal "$lf" backup --json \
    --grace 2s --to store "$p"
says "a deaf terminal: what was lost is said" 'error: write standard output: '
# In write(2) it would be where no signal is looked for.
prints "a deaf terminal: it is polled for" poll

"$lf" backup -q --state whole --to whole "$p" || exit 1
begin restore-pattern --json --no-progress --jobs 2 --output-dir out "whole$p"
kill -TERM "$run"
gave_up "restore-pattern: TERM"
done_testing
