#!/bin/sh
# What 6300-torture-crash.t says of a directory store holds for S3, too.
LITEFLEET_STORE=s3 exec "$(dirname "$0")/6300-torture-crash.t"
