#!/bin/sh
# What 4100-list.t says of a directory store holds for S3, too.
LITEFLEET_STORE=s3 exec "$(dirname "$0")/4100-list.t"
