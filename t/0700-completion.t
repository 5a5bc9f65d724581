#!/bin/sh
#
# What bash, zsh and fish offer with the scripts of "litefleet completion" is
# what the program's help says.  bash and zsh are asked by pressing keys on a
# terminal (t/shell/keys): all completions are inserted into the line, which the
# shell then reads; so their quoting is proven, too.

. "$(dirname "$0")/lib.sh"

mkdir work rc && cd work || exit 1
mkdir -p 'dir one' dir2 && : >'file one.db' && : >file2.db || exit 1

# help_words COMMAND: its options, a line each.
help_words()
{
	"$lf" help "$1" | sed -nE 's/^  (-., |    )(--[a-z-]+).*/\2/p'
}

commands=$("$lf" help | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p')
names=$commands
for c in $commands; do
	alias=$("$lf" help "$c" | sed -n 's/^Also called: litefleet //p')
	names="$names $alias"
done

# Lines become one, sorted; the slash behind a directory, which not all shells
# give, goes.
joined()
{
	sed 's,/$,,' | sort -u | grep . | tr '\n' ','
}

# Lines "line TAB candidates": what is asked, and the answer.
ask()
{
	printf '%s\t%s\n' "$1" "$(shift && printf '%s\n' "$@" | joined)"
}
{
	# shellcheck disable=SC2086	# words
	ask 'litefleet ' $names
	ask 'litefleet re' restore restore-pattern
	for c in $names; do
		# shellcheck disable=SC2046
		ask "litefleet $c --" $(help_words \
		    "$(echo "$c" | sed 's/^ls$/list/')")
	done
	ask 'litefleet help restore-' restore-pattern
	ask 'litefleet completion ' bash fish zsh
	ask 'litefleet version x' ''
	ask 'litefleet nothing --' ''
	ask 'litefleet backup --check ' none quick full
	ask 'litefleet backup --check q' quick
	ask 'litefleet backup --check=q' --check=quick
	ask 'litefleet list --log-format ' json text
	ask 'litefleet backup --to ' 'dir one' dir2
	ask 'litefleet backup --ca-file=file2' --ca-file=file2.db
	ask 'litefleet restore -o fi' 'file one.db' file2.db
	ask 'litefleet restore --output fi' 'file one.db' file2.db
	ask 'litefleet backup --key ' ''
	ask 'litefleet backup --jobs ' ''
	ask 'litefleet backup --ping ' ''
	ask 'litefleet upload ' 'dir one' dir2 'file one.db' file2.db
	ask 'litefleet list ' 'dir one' dir2
	ask 'litefleet prune -n --keep-last 3 di' 'dir one' dir2
	ask 'litefleet backup list --fo' --follow
	ask 'litefleet list -- di' 'dir one' dir2
} >../asked
ok 'there are questions' test "$(wc -l <../asked)" -ge 30

# The program stands aside: what it would have been given is kept.
cat >../rc/common <<'END'
n=0
litefleet()
{
	n=$((n + 1))
	printf '%s\n' "$@" >"$ANSWERS/$n"
}
END
{
	cat ../rc/common
	echo ". <('$lf' completion bash)"
	echo "bind '\"\\C-o\": insert-completions' 'set bell-style none'"
	echo "bind 'set enable-bracketed-paste off'"
	echo "PS1='@\$n@ '"
} >../rc/bash
{
	cat ../rc/common
	echo "fpath=('$scratch/rc/functions' \$fpath)"
	# shellcheck disable=SC2016
	echo 'autoload -Uz compinit && compinit -u -d "$ZDOTDIR/dump"
zle -C all complete-word _generic
zstyle ":completion:all:*" completer _all_matches _complete
zstyle ":completion:all:*" insert yes
zstyle ":completion:*" menu no
bindkey "^O" all
setopt promptsubst nopromptcr nopromptsp noalwayslastprompt
unsetopt zle_bracketed_paste 2>/dev/null
unset zle_bracketed_paste
PS1="@\$n@ "'
} >../rc/.zshrc

# answer LINE NUMBER: the candidates, from the arguments that the line became.
answer()
{
	# As many words as stand in front of the one that is completed.
	skip=$(printf '%s' "$1" | awk -F '[ ]' '{ print NF - 1 }')
	tail -n "+$skip" "$2" |
	    if [ "${1% }" = "$1" ]; then grep -vxF -e "${1##* }"; else cat; fi |
	    joined
}

compare()
{
	: >../wrong
	n=0
	while IFS="$tab" read -r line want; do
		n=$((n + 1))
		got=$(answer "$line" "../$1/$n")
		[ "$got" = "$want" ] ||
			echo "[$line] offers ${got:-nothing}, not $want"
	done <../asked >../wrong
	is "$1 offers what the help says" "$(cat ../wrong)" ''
}
tab=$(printf '\t')

# press SHELL: the keys of all questions.
press()
{
	mkdir "../$1"
	set -- "$1"
	while IFS="$tab" read -r line _; do
		set -- "$@" "$line"
	done <../asked
	ANSWERS=$scratch/$1 TERM=dumb PATH=/usr/bin:/bin \
	    "$top/t/shell/keys" "$scratch/rc/$rc" "$@"
}

if command -v python3 >/dev/null && command -v bash >/dev/null; then
	rc=bash
	ok 'bash takes the script, and all the keys' press bash && compare bash
else
	skip 'no python3 or bash here' 2
fi
if command -v python3 >/dev/null && command -v zsh >/dev/null; then
	rc=.zshrc
	mkdir ../rc/functions
	"$lf" completion zsh >../rc/functions/_litefleet
	ok 'zsh takes the script, and all the keys' press zsh && compare zsh
	# shellcheck disable=SC2016
	is 'zsh can also read it as it is' "$(ZDOTDIR=$scratch/rc zsh -f -c '
		autoload -Uz compinit && compinit -u -D
		source <("$1" completion zsh)
		print $_comps[litefleet]' zsh "$lf")" _litefleet
else
	skip 'no python3 or zsh here' 3
fi
if command -v fish >/dev/null; then
	"$lf" completion fish >../litefleet.fish
	while IFS="$tab" read -r line want; do
		printf '%s\t%s\n' "$line" "$(fish --no-config -c '
		    source $argv[1]; complete -C $argv[2]' \
		    ../litefleet.fish "$line" | cut -f 1 | joined)"
	done <../asked >../fish
	is 'fish offers what the help says' "$(diff ../asked ../fish)" ''
else
	skip 'no fish here'
fi

for how in none quick full; do
	status 0 "... $how is taken" "$lf" backup -n --check "$how" 'dir2/*.db'
done
status 2 '... others are not' "$lf" backup -n --check some 'dir2/*.db'
says '... and the same are named' 'not one of none, quick, full '
for how in text json; do
	status 0 "log format $how is taken" "$lf" version --log-format "$how"
done
status 2 'completion of no shell' "$lf" completion
says '... says which there are' 'bash, zsh or fish'
status 2 'completion of another shell' "$lf" completion tcsh
says '... names it' '"tcsh" is none of bash, zsh, fish'

if command -v shellcheck >/dev/null; then
	"$lf" completion bash >../completion.bash
	ok 'shellcheck has nothing to say of that of bash' \
	    shellcheck -s bash ../completion.bash
else
	skip 'no shellcheck here'
fi

done_testing
