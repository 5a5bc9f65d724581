#!/bin/sh
#
# The progress bar on a real terminal: drawn in place, as wide as there is
# room for, gone at the end, and log lines whole above it; and none elsewhere.

. "$(dirname "$0")/lib.sh"

command -v python3 >/dev/null || skip_all 'no python3 here'

# onpty COLUMNS LATER FILE CMD...: run it on a terminal of its own.  After ten
# bars the terminal gets LATER columns, after ten more the workers that a hook
# has stopped go on.  FILE is what was written, FILE.screen what a person sees
# at the end, FILE.bars the bars with the columns there were.
cat >onpty.py <<'END'
import fcntl, os, pty, re, signal, struct, sys, termios, time

columns, later, name = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]

def resize(fd, n):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, n, 0, 0))

def wake(parent):
    for p in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % p) as f:
                stat = f.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if stat[1] == str(parent) and stat[0] == "T":
            os.kill(int(p), signal.SIGCONT)

pid, fd = pty.fork()
if pid == 0:
    resize(2, columns)
    os.environ["TERM"] = "xterm"
    os.execvp(sys.argv[4], sys.argv[4:])
raw, bars, seen, resized = b"", [], 0, 0
end = time.monotonic() + 60
while time.monotonic() < end:
    try:
        more = os.read(fd, 65536)
    except OSError:
        break
    raw += more
    draws = re.findall(rb"\r\033\[K([^\r\n\033]+)(?=\r\033)", raw)
    bars += [(columns, b) for b in draws[len(bars):]]
    if len(bars) >= 10 and columns != later:
        columns, resized = later, len(bars)
        resize(fd, later)
    if len(bars) >= resized + 10:
        wake(pid)
else:
    os.kill(pid, signal.SIGKILL)
status = os.waitpid(pid, 0)[1]

# The terminal: lines, and a cursor in the last of them.
lines, at = [""], 0
for m in re.finditer(r"\033\[K|[\r\n]|[^\r\n\033]+|\033", raw.decode()):
    s = m.group()
    if s == "\033[K":
        lines[-1] = lines[-1][:at]
    elif s == "\r":
        at = 0
    elif s == "\n":
        lines.append("")
        at = 0
    else:
        lines[-1] = lines[-1][:at] + s + lines[-1][at + len(s):]
        at += len(s)
with open(name, "wb") as f:
    f.write(raw)
with open(name + ".screen", "w") as f:
    f.write("\n".join(lines))
with open(name + ".bars", "w") as f:
    for n, b in bars:
        # What is drawn when the size changes may be of either.
        if n == int(sys.argv[1]) or len(b) < n:
            f.write("%d %s\n" % (n, b.decode()))
sys.exit(os.waitstatus_to_exitcode(status) % 256)
END

esc=$(printf '\033')
"$tools/mkfleet" "$scratch" 300 >/dev/null || exit 1
p="$scratch/data/*/databases/*/branches/*/tenants/*.db"
t=$(find "$scratch/data" -name '*.db' | sort | sed -n 150p)
for n in 1 2 3; do
	echo "no database at all, but more than a hundred bytes of text, and \
some more of it" >"${t%/*}/no$n.db"
done

# One of two workers stops in the middle, so that the bar stands for a while.
LITEFLEET_HOOK="image=stop:$t"
export LITEFLEET_HOOK
status 0 'a backup on a terminal' python3 onpty.py 100 50 tty \
    "$lfh" backup --jobs 2 --to store "$p"
ok '... draws a bar in place' test "$(grep -c '^100 ' tty.bars)" -ge 5
bar='\[[#-]+\]  [0-9]+% \([0-9]+/[0-9]+\+?\)'
is '... and it is of what is done' "$(grep -cvE \
    "^[0-9]+ Backing up  ($bar|[0-9]+ databases?\$)" tty.bars)" 0
is '... as wide as there is room for' "$(awk '
    /^100 / && length - 4 > m { m = length - 4 }
    END { print (m <= 99 && m > 60) }' tty.bars)" 1
is '... when there is less, too' "$(sed -n '/^50 /s/^[0-9]* //p' tty.bars |
    tail -n 5 | awk 'length > 49 || !/\]  [0-9]+%/ { bad++ } END { print NR, bad + 0 }')" '5 0'
is '... removed at the end' "$(grep -c 'Backing up' tty.screen)" 0
is '... the summary is the last line' "$(tail -n 1 tty.screen |
    grep -c '^Scan complete: 303 databases, 300 synced')" 1
is '... and the warnings are whole lines above' "$(grep -c \
    '^litefleet: warning: .*/no[123]\.db: not a SQLite database, skipped$' \
    tty.screen)" 3
is '... with nothing else' "$(grep -c . tty.screen)" 4
unset LITEFLEET_HOOK

# The paths go to standard output, which is the same terminal.
LITEFLEET_HOOK="image=stop:$t"
export LITEFLEET_HOOK
find "$scratch/data" -name 't*.db' >list
status 0 'an upload on a terminal' python3 onpty.py 100 100 tty \
    sh -c 'exec "$0" upload --jobs 2 --to store - <list' "$lfh"
ok '... draws a bar' grep -q '^100 Uploading  .*/300)' tty.bars
is '... and each path has its line' "$(grep -acE \
    '^/[^	]*\.db	[^	]*\.db	[0-9]+$' tty.screen)" 300
is '... with nothing else but the summary' "$(grep -ac . tty.screen)" 301
unset LITEFLEET_HOOK

# What was stored comes back, to whatever width there is.
for columns in 40 80 200; do
	rm -rf out
	LITEFLEET_HOOK="bulk-decoded=stop:${t##*/}"
	export LITEFLEET_HOOK
	status 0 "a restore on a terminal of $columns" python3 onpty.py \
	    $columns $columns tty "$lfh" restore-pattern --jobs 2 \
	    --output-dir out "store$scratch/data/"
	unset LITEFLEET_HOOK
	ok '... draws a bar' test "$(grep -c . tty.bars)" -ge 10
	is '... that is whole, and no wider' "$(sed 's/^[0-9]* //' tty.bars |
	    awk -v n=$columns 'length >= n' | wc -l) $(sed 's/^[0-9]* //' \
	    tty.bars | grep -cvE '^Restoring((  \[[#-]+\])?  [0-9]+%( \([0-9]+/[0-9]+\+?\)(  .*)?)?)?$')" \
	    '0 0'
	is '... removed at the end' "$(grep -c . tty.screen) $(grep -c \
	    '^Restore complete: 300 found, 300 restored' tty.screen)" '1 1'
done
status 0 'a restore in a file' "$lf" restore-pattern --progress \
    --output-dir out2 "store$scratch/data/"
is '... gets no control bytes' "$(tr -d '\12\40-\176' <"$err" | wc -c)" 0

LITEFLEET_HOOK="image=segv:$t"
export LITEFLEET_HOOK
status 1 'a worker dies under the bar' python3 onpty.py 100 100 tty \
    "$lfh" backup --jobs 2 --to store2 "$p"
is '... which is said in a line of its own' "$(grep -c \
    '^litefleet: error: worker [01] died of signal 11 .*, the others go on$' \
    tty.screen)" 1
is '... and nothing of the bar is left' "$(grep -c 'Backing up' tty.screen)" 0
unset LITEFLEET_HOOK

# quiet NAME ARGS...: a backup on a terminal without a bar.  (Little is to be
# done, but with one the warnings would begin with the bytes that wipe it.)
quiet()
{
	_what=$1
	shift
	status 0 "no bar: $_what" python3 onpty.py 100 100 tty "$@" \
	    --to store3 "$p"
	is "... and no control byte: $_what" "$(grep -ac "$esc" tty)" 0
}
quiet '--no-progress' "$lf" backup --no-progress
quiet 'the last option counts' "$lf" backup --progress --no-progress
quiet '--quiet' "$lf" backup --quiet
quiet '--log-format json' "$lf" backup --log-format json --progress
is '... whose lines are objects' "$(grep -acv '^{.*}' tty)" 0
quiet 'TERM=dumb' env TERM=dumb "$lf" backup
quiet '--dry-run' "$lf" backup --dry-run --progress
status 0 'a bar: --quiet --progress' python3 onpty.py 100 100 tty \
    "$lf" backup --quiet --progress --to store3 "$p"
ok '... is there' grep -aq "$esc" tty
is '... and gone, with the warnings left' "$(grep -cv warning tty.screen)" 0

# Where standard error is no terminal.
for how in '' --progress --no-progress; do
	# shellcheck disable=SC2086	# none is none
	status 0 "a file as standard error: ${how:-no option}" \
	    "$lf" backup $how --to store3 "$p"
	is '... gets no control bytes' "$(tr -d '\12\40-\176' <"$err" |
	    wc -c)" 0
	is '... and, being short, no progress' "$(grep -c 'Backing' "$err")" 0
done

done_testing
