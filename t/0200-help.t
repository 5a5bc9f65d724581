#!/bin/sh
#
# The help that the program gives and its manual page name the same commands,
# options, letters and arguments; and how options are read.

. "$(dirname "$0")/lib.sh"

page=$top/man/litefleet.1
tab=$(printf '\t')

# Lines "letter TAB name TAB argument" ("-": none) from the help of a command.
help_options()
{
	"$lf" help "$1" | awk '
	/^  (-.,|   ) --/ {
		letter = "-"
		if ($1 ~ /^-.,$/) {
			letter = substr($1, 2, 1)
			$1 = ""
			sub(/^ /, "")
		}
		print letter "\t" substr($1, 3) "\t" \
		    ($2 ~ /^[A-Z][A-Z\/]*$/ ? $2 : "-")
	}' | sort
}

# The same from the manual: from the subsections whose title has the command,
# or "every command", in it.
manual_options()
{
	awk -v cmd="$1" '
	/^\.Ss / {
		mine = / every command/
		for (i = 2; i <= NF; i++)
			mine = mine || $i == cmd || $i == cmd ","
	}
	/^\.Sh / { mine = 0 }
	mine && /^\.It Fl / {
		letter = name = arg = "-"
		for (i = 2; i <= NF; i++) {
			if ($i == "Fl" && $(i + 1) == "Fl")
				name = $(i + 2)
			else if ($i == "Fl" && $(i - 1) != "Fl")
				letter = $(i + 1)
			else if ($i == "Ar")
				arg = $(i + 1)
		}
		print letter "\t" name "\t" arg
	}' "$page" | sort
}

status 0 'help lists the commands' "$lf" help
commands=$(sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p' "$out")
ok '... at least six of them' test "$(echo "$commands" | wc -l)" -ge 6
is '... and says nothing else' "$(cat "$err")" ''
status 0 '--help does the same' "$lf" --help
is '... exactly' "$("$lf" --help | cksum)" "$("$lf" help | cksum)"

synopsis=$(sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESC/p' "$page")
is 'the synopsis of the manual has all commands and no other' \
    "$(echo "$synopsis" | sed -n 's/^\.Cm //p' | sort)" \
    "$(echo "$commands" | sort)"

for c in $commands; do
	status 0 "help $c" "$lf" help "$c"
	prints "... has its usage" "^usage: litefleet $c( |\$)"
	is "$c --help is the same" "$("$lf" "$c" --help | cksum)" \
	    "$("$lf" help "$c" | cksum)"
	is "$c has the options of the manual" "$(help_options "$c")" \
	    "$(manual_options "$c")"
	ok "the manual has a subsection on $c" grep -qx "\.Ss $c" "$page"
	alias=$("$lf" help "$c" | sed -n 's/^Also called: litefleet //p')
	[ -z "$alias" ] ||
		ok "the manual knows that $c is called $alias" \
		    grep -q "^\.Cm $alias" "$page"
	wide=$("$lf" help "$c" | awk 'length > 100')
	is "the help of $c is not too wide" "$wide" ''
done
ok 'there are options to compare' \
    test "$(help_options backup | wc -l)" -ge 20
is '... with letter and argument' "$(help_options restore | grep output)" \
    "o${tab}output${tab}PATH"

# What backup takes, upload takes too, unless it has to do with finding, or with
# doing that by itself.
help_options backup >b
help_options upload >u
is 'upload lacks only what is about finding' \
    "$(comm -23 b u | cut -f 2 | sort | tr '\n' ' ')" \
    'access-key bucket dry-run exclude interval keep-daily keep-hourly '\
'keep-last keep-monthly keep-weekly keep-within listen log-every max-series '\
'on-failure one-file-system path ping prune-every put-price reconcile region '\
'retention '\
'secret-key shard '

status 0 'version' "$lf" version
prints '... of the program' '^litefleet [0-9]+\.[0-9]+\.[0-9]+'
for lib in sqlite lz4 xxhash jansson; do
	prints "... of $lib" "^$lib [0-9]+\.[0-9]+"
done
status 0 '--version is the same' "$lf" --version
is 'the version is that of CHANGES' \
    "$("$lf" version | sed -n '1s/litefleet //p')" \
    "$(sed -n '/^[0-9]/{s/ .*//p;q;}' "$top/CHANGES")"

status 2 'no command' "$lf"
says '... is said' 'no command'
status 2 'an unknown command' "$lf" bakup
says '... is named' 'bakup'
status 2 'help of an unknown command' "$lf" help bakup
says '... is named' 'bakup'
status 2 'an unknown option' "$lf" list --every /x
says '... is named' '--every'
status 2 'an abbreviated option' "$lf" backup --dry '/x/*.db'
says '... is unknown' '--dry'
status 2 'an option without its value' "$lf" restore /x -o
says '... is said' 'needs a value'
status 2 'a value for an option that takes none' "$lf" list --all=yes /x
says '... is said' '--all'
mkdir one
status 0 'one dash will do' "$lf" backup -dry-run 'one/*.db'
status 0 'an equals sign will do' "$lf" backup -n --jobs=2 'one/*.db'
status 3 'standard output that is full is an error' \
    sh -c '"$0" help >/dev/full' "$lf"
is 'nothing was written by all this' "$(find . -path ./.lib -prune -o \
    -mindepth 1 ! -name '[bu]' -print)" ./one

done_testing
