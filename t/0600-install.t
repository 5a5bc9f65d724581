#!/bin/sh
#
# make install and uninstall with PREFIX and DESTDIR.

. "$(dirname "$0")/lib.sh"

# The program is built already; nothing is to be made again here, whatever
# variables the outer make was given.
run_make()
{
	MAKEFLAGS='' make -s -C "$top" -o litefleet DESTDIR="$scratch/stage" \
	    PREFIX=/usr "$@"
}

umask 077
ok 'make install' run_make install
umask 022
usr=$scratch/stage/usr
ok 'the program is there' test -x "$usr/bin/litefleet"
ok '... and is the one that was built' cmp "$lf" "$usr/bin/litefleet"
status 0 '... and runs' "$usr/bin/litefleet" version
for page in "$top"/man/*.[1-8]; do
	name=${page##*/}
	ok "$name is there" cmp "$page" "$usr/share/man/man${name##*.}/$name"
done
is 'the program has mode 755' "$(stat -c %a "$usr/bin/litefleet")" 755
is 'a manual page has mode 644' \
    "$(stat -c %a "$usr/share/man/man1/litefleet.1")" 644
share=$usr/share
while read -r shell file; do
	"$lf" completion "$shell" >want
	ok "the completion of $shell is there" cmp want "$share/$file"
	is '... with mode 644' "$(stat -c %a "$share/$file")" 644
done <<'END'
bash bash-completion/completions/litefleet
zsh zsh/site-functions/_litefleet
fish fish/vendor_completions.d/litefleet.fish
END
find "$scratch/stage" -type f ! -path '*/bin/litefleet' \
    ! -path '*/share/man/*' ! -path '*/completions/litefleet' \
    ! -name _litefleet ! -name litefleet.fish >other
is 'nothing else is there' "$(cat other)" ''

: >"$usr/bin/other"
ok 'make uninstall' run_make uninstall
find "$scratch/stage" -type f >left
is 'only what is not ours is left' "$(cat left)" "$usr/bin/other"

done_testing
