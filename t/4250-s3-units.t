#!/bin/sh
# The unit tests that want a real server: what the store and find ask of it.
. "$(dirname "$0")/lib.sh"
s3_start

for check in check_s3call check_find-s3; do
	LITEFLEET_TEST_S3=$s3 "$tools/$check" >"$out" 2>"$err"
	_show "$check" "$err"
	while read -r result name; do
		case $result in
		ok) pass "$name" ;;
		not) fail "$check: $name" ;;
		esac
	done <"$out"
	ok "$check says what it tests" grep -q '^1\.\.[1-9]' "$out"
done
done_testing
