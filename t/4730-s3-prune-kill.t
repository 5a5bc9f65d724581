#!/bin/sh
# What 4720-prune-kill.t says of a directory store holds for S3, too.
LITEFLEET_STORE=s3 exec "$(dirname "$0")/4720-prune-kill.t"
