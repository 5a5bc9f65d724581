#!/bin/sh
# What is damaged, foreign, hostile or gone is named once, and all the rest is
# restored.
. "$(dirname "$0")/lib.sh"
use_store

rp()
{
	"$lf" restore-pattern "$@"
}
tab=$(printf '\t')
figure()
{
	jq -r "select(.type == \"summary\") | .$1" "$out"
}

"$tools/mkfleet" "$scratch" 30 --wal-every 0 >/dev/null || exit 1
mkdir fleet
find data -name '*.db' -exec mv {} fleet \;
"$lf" backup -q --to "${base}store" --key '{{1}}.db' "$scratch/fleet/*.db" ||
    exit 1
objects store >names

# Flip a byte of each section of an object (codec/frame.h, trailer.h).
# damage N SECTION OFFSET: of the Nth object, from its front or (-) its end.
damage()
{
	_name=$(sed -n "$1p" names)
	object store "$_name" >obj
	_at=$3
	[ "$_at" -ge 0 ] || _at=$(($(stat -c %s obj) + _at))
	_byte=$(od -An -tu1 -j "$_at" -N 1 obj | tr -d ' ')
	# shellcheck disable=SC2059	# an octal escape
	printf "\\$(printf %03o $((_byte ^ 16)))" |
	    dd of=obj bs=1 seek="$_at" conv=notrunc status=none
	[ "$LITEFLEET_STORE" = s3 ] || rm -f "store/$_name"
	put_object store "$_name" <obj
	echo "$_name" | sed "s,/.*,$tab$2," >>damaged
}
object store "$(sed -n 1p names)" >obj
size=$(stat -c %s obj)
trailer=$(od -An -tu4 -j $((size - 4)) -N 4 obj | tr -d ' ')
: >damaged
damage 1 "the frame's magic" 1
damage 2 "its flags" 4
damage 3 "its block size" 5
damage 4 "the content size" 6
damage 5 "the header checksum" 14
damage 6 "a block's size" 15
damage 7 "a block" 40
damage 8 "the last block" $((-trailer - 12))
damage 9 "the end mark" $((-trailer - 6))
damage 10 "the content checksum" $((-trailer - 2))
damage 11 "the trailer's magic" $((-trailer + 1))
damage 12 "the trailer's length" $((-trailer + 4))
damage 13 "the trailer's name" $((-trailer + 10))
damage 14 "the content's hash" $((-trailer + 34))
damage 15 "the trailer's checksum" -6
damage 16 "the last length" -1
name=$(sed -n 17p names)
object store "$name" | head -c 500 >obj
[ "$LITEFLEET_STORE" = s3 ] || rm -f "store/$name"
put_object store "$name" <obj
echo "$name" | sed "s,/.*,${tab}all behind byte 500," >>damaged
name=$(sed -n 18p names)
[ "$LITEFLEET_STORE" = s3 ] || rm -f "store/$name"
echo "a letter to a friend" | put_object store "$name"
echo "$name" | sed "s,/.*,${tab}all of it," >>damaged
name=$(sed -n 19p names)
[ "$LITEFLEET_STORE" = s3 ] || rm -f "store/$name"
: | put_object store "$name"
echo "$name" | sed "s,/.*,${tab}its content," >>damaged
echo hello | put_object store "not/ours.txt"

status 1 "19 of 30 are damaged" rp --json --output-dir out \
    --error-report report "${base}store/"
is "19 have failed" "$(figure failed)" 19
is "11 are restored" "$(figure restored)" 11
while IFS=$tab read -r key what <&3; do
	is "without $what one is named once" \
	    "$(grep -c "error: ${key}[:/]" "$err")" 1
	is "as corrupt" "$(jq -r "select(.key == \"$key\") | .class" "$out")" \
	    corrupt
	not_ok "and not there" test -e "out/$key"
done 3<damaged
bad=0
for f in out/*.db; do
	cmp -s "$f" "fleet/${f##*/}" || bad=$((bad + 1))
done
is "the others are the same" "$bad" 0
is "nothing is left beside them" "$(find out -name '.*' \
    ! -name .litefleet-restore)" ""
says "what is no backup was passed over" "passed over 1 object whose name is"

# The report, and what it is good for.
is "the report has them all" "$(cut -f 1 report | sort)" \
    "$(cut -f 1 damaged | sort)"
is "with target and class" "$(cut -f 2,3 report | sort -u | head -n 1)" \
    "out/$(cut -f 1 damaged | sort | head -n 1)${tab}corrupt"
is "and a message" "$(cut -f 4 report | grep -c .)" 19
is "it is private" "$(stat -c %a report)" 600
cp report first
status 0 "-0 is of other lines, a report's stay as they are" rp -n -0 \
    --output-dir out --retry-report report "${base}store/"
is "so it is read" "$(tr -cd '\0' <"$out" | wc -c)" 19
status 1 "nor are they better the second time" rp --json --output-dir out \
    --retry-report report --error-report report "${base}store/"
is "19 are looked at" "$(figure found)" 19
is "the report may be the same file" "$(sort report)" "$(sort first)"
"$lf" upload -q --to "${base}store" --key '{{1}}.db' \
    --pattern "$scratch/fleet/*.db" "$scratch"/fleet/*.db \
    >/dev/null || exit 1
status 1 "when there are better ones, either" rp --output-dir out \
    --retry-report report --error-report report "${base}store/"
cut -f 1-4 report >timeless
status 0 "these, if the times are left out" rp --json --output-dir out \
    --retry-report timeless --error-report report "${base}store/"
is "19 are restored" "$(figure restored)" 19
is "nothing is in the report any more" "$(cat report)" ""
ok "all are the same" diff -r fleet out
rm -rf out
status 1 "the report as lines" rp --json --output-dir out \
    --error-report again --from "${base}store" \
    --timestamp "$(basename "$(sed -n 1p names)" .db.lz4)" - <timeless
ok "asks for as many" test "$(figure found)" = 19
rm -rf out
status 0 "and with the newest" rp --json --output-dir out \
    --from "${base}store" - <timeless
is "restores them" "$(figure restored)" 19
rm -rf out

# What a line names may be gone.
printf '%s\n' "none.db" "t000003.db${tab}2020-01-01T00:00:00Z" \
    "t000004.db" >lines
status 1 "two of three are not there" rp --json --output-dir out \
    --from "${base}store" - <lines
is "they have failed" "$(figure failed)" 2
is "as not found" "$(jq -r 'select(.type == "failed") | .class' "$out" |
    sort -u)" not-found
is "one is restored" "$(find out -type f -name '*.db')" out/t000004.db
rm -rf out

# Links in the way, and keys of our own names.
"$lf" backup -q --to "${base}deep" --key 'd/{{1}}/x.db' \
    "$scratch/fleet/*.db" || exit 1
mkdir out elsewhere
ln -s ../elsewhere out/t000001
ln -s "$scratch/elsewhere" out/t000002
mkdir out/t000003
ln -s "$scratch/elsewhere/x.db" out/t000003/x.db
status 1 "three links are planted" rp --json --output-dir out \
    --error-report report "${base}deep/d/"
is "three have failed" "$(cut -f 1 report | sort | tr '\n' ' ')" \
    "d/t000001/x.db d/t000002/x.db d/t000003/x.db "
is "27 are restored" "$(figure restored)" 27
is "nothing went elsewhere" "$(ls elsewhere)" ""
status 1 "nor with --force" rp --json --resume --force --output-dir out \
    "${base}deep/d/"
is "does anything go elsewhere" "$(ls elsewhere)" ""
rm -rf out
name=$(objects deep | head -n 1)

object deep "$name" >obj
put_object deep ".litefleet-restore/${name##*/}" <obj
status 1 "a key that is called as the journal" rp --json --output-dir out \
    "${base}deep"
says "is refused" "error: .litefleet-restore: refused"
is "the others are restored" "$(figure restored)" 30
rm -rf out
if [ "$LITEFLEET_STORE" = s3 ]; then
	for k in ../up.db /abs.db a//b.db a/./b.db; do
		put_object hostile "$k/${name##*/}" <obj
	done
	object deep .litefleet/store | put_object hostile .litefleet/store
	put_object hostile "good.db/${name##*/}" <obj
	mkdir jail
	rp --output-dir jail/out "${base}hostile/" >"$out" 2>"$err"
	is "hostile keys are none of ours, and the rest is restored" \
	    "$(find jail -type f -name '*.db')" jail/out/good.db
	says "and are counted" "passed over [0-9] objects"
	not_ok "nothing is above" test -e up.db
else
	skip "a directory has no such names" 3
fi

done_testing
