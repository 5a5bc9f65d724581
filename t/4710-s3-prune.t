#!/bin/sh
# What 4700-prune.t says of a directory store holds for S3, too.
LITEFLEET_STORE=s3 exec "$(dirname "$0")/4700-prune.t"
