#!/bin/sh
# The unit tests that need a server, and are skipped without: they get one.
. "$(dirname "$0")/lib.sh"
s3_start
LITEFLEET_TEST_S3=$s3
export LITEFLEET_TEST_S3
status 0 "check_s3call" "$tools/check_s3call"
prints_not "no test of it fails" "^not ok"
prints "and none is skipped" '^1\.\.[1-9]'
done_testing
