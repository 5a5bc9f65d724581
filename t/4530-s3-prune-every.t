#!/bin/sh
# What 5420-prune-every.t says of a directory store holds for S3, too.
LITEFLEET_STORE=s3 exec "$(dirname "$0")/5420-prune-every.t"
