#!/bin/sh
# What 3300-pattern.t says of a directory store holds for S3, too.
LITEFLEET_STORE=s3 exec "$(dirname "$0")/3300-pattern.t"
