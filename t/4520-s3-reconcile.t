#!/bin/sh
# What 5410-reconcile.t says of a directory store holds for S3, too.
LITEFLEET_STORE=s3 exec "$(dirname "$0")/5410-reconcile.t"
