#!/bin/sh
# What 3100-restore.t says of a directory store holds for S3, too.
LITEFLEET_STORE=s3 exec "$(dirname "$0")/3100-restore.t"
