#!/bin/sh
#
# Which folder may include which, and which folder owns which third-party
# header: the table of src/README, enforced.

. "$(dirname "$0")/lib.sh"

# folder: what it may include besides itself.
may="
base:
fleet: base
codec: base
db: base
net: base
state: base
proc: base
store: base net
find: base fleet store
job: base codec db fleet state store
serve: base proc
conf: base fleet
cmd: base fleet codec db net state proc store find job serve conf
"

# header (a slash at the end: all below): its owner.
owner="
bsd/ base
xxhash.h base
jansson.h base
lz4.h codec
lz4frame.h codec
lz4hc.h codec
sqlite3.h db
sqlite3ext.h db
curl/ net
openssl/ net
expat.h net
seccomp.h proc
microhttpd.h serve
cyaml/ conf
systemd/ cmd
"

# What the C library and the kernel give; any folder may use it.
system="
alloca.h arpa/ assert.h ctype.h dirent.h dlfcn.h endian.h err.h errno.h
fcntl.h fenv.h float.h fnmatch.h fts.h ftw.h getopt.h glob.h grp.h iconv.h
ifaddrs.h inttypes.h langinfo.h libgen.h limits.h linux/ locale.h malloc.h
math.h mntent.h net/ netdb.h netinet/ poll.h pthread.h pwd.h regex.h sched.h
search.h semaphore.h setjmp.h signal.h spawn.h stdalign.h stdarg.h
stdatomic.h stdbool.h stddef.h stdint.h stdio.h stdlib.h stdnoreturn.h
string.h strings.h sys/ syslog.h termios.h threads.h time.h uchar.h unistd.h
utime.h wchar.h wctype.h
"

# complaints DIR: a line for each include in DIR that should not be there.
complaints()
{
	(cd "$1" && grep -nE '^[ 	]*#[ 	]*include' ./*/*.[ch] /dev/null) |
	    awk -v may="$may" -v owner="$owner" -v sys="$system" -v dir="$1" '
	function is_there(file,   line, r) {
		r = (getline line <file)
		close(file)
		return (r >= 0)
	}
	BEGIN {
		n = split(may, l, "\n")
		for (i = 1; i <= n; i++) {
			if (l[i] == "")
				continue
			m = split(l[i], w, /[: ]+/)
			known[w[1]] = 1
			allow[w[1], w[1]] = 1
			for (j = 2; j <= m; j++)
				allow[w[1], w[j]] = 1
		}
		n = split(owner, l, "\n")
		for (i = 1; i <= n; i++)
			if (split(l[i], w, " ") == 2)
				owns[w[1]] = w[2]
		n = split(sys, w, /[ \n]+/)
		for (i = 1; i <= n; i++)
			given[w[i]] = 1
	}
	{
		split($0, part, ":")
		where = substr(part[1], 3) ":" part[2]
		split(where, w, "/")
		folder = w[1]
		if (!(folder in known)) {
			print where ": the folder " folder " is not in the table"
			next
		}
		if (match($0, /"[^"]*"/)) {
			h = substr($0, RSTART + 1, RLENGTH - 2)
			if (h !~ /^[a-z]+\/[a-z0-9_]+\.h$/) {
				print where ": \"" h "\" is not path-qualified"
				next
			}
			split(h, w, "/")
			if (!((folder, w[1]) in allow))
				print where ": " folder " may not include " h
			else if (!is_there(dir "/" h))
				print where ": there is no " h
		} else if (match($0, /<[^>]*>/)) {
			h = substr($0, RSTART + 1, RLENGTH - 2)
			top = h
			sub(/\/.*/, "/", top)
			o = (h in owns) ? owns[h] : (top in owns) ? owns[top] : ""
			if (o != "" && o != folder)
				print where ": <" h "> belongs to " o
			else if (o == "" && !(h in given) && !(top in given))
				print where ": nobody owns <" h ">"
		} else
			print where ": include of neither \"\" nor <>"
	}'
}

complaints "$top/src" >found
is 'every include in src is allowed' "$(cat found)" ''

ok 'every folder of src is in the table' sh -c '
	for d in "$1"/src/*/; do
		d=${d%/}
		printf "%s" "$2" | grep -q "^${d##*/}:" || exit 1
	done' sh "$top" "$may"

# The check itself: a tree with one fault of each kind.
mkdir -p bad/base bad/store bad/state bad/job bad/attic
: >bad/base/err.h
: >bad/state/state.h
: >bad/store/store.h
: >bad/job/backup.h
bad()
{
	printf '%s\n' "$2" >"bad/$1"
	complaints "$scratch/bad" >found
	is "$3" "$(grep -c . found)" 1 || diag "$(cat found)"
	rm "bad/$1"
}
complaints "$scratch/bad" >found
is 'a good tree has no complaints' "$(cat found)" ''
bad state/x.c '#include "store/store.h"' 'siblings do not meet'
bad base/x.c '#include "state/state.h"' 'base includes nothing above it'
bad store/x.c '#include "job/backup.h"' 'no include goes up'
bad state/x.c '#include "state.h"' 'an include is path-qualified'
bad state/x.c '#include "../base/err.h"' 'an include does not climb'
bad state/x.c '#include "base/gone.h"' 'an included file is there'
bad job/x.c '#include <sqlite3.h>' 'sqlite3.h belongs to db'
bad job/x.c '#include <bsd/stdlib.h>' 'libbsd belongs to base'
bad job/x.c '#include <zlib.h>' 'a library without an owner is refused'
bad job/x.c '#	include <jansson.h>' 'blanks hide nothing'
bad attic/x.c '#include <stdio.h>' 'a folder must be in the table'

done_testing
