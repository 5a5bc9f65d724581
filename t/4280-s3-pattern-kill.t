#!/bin/sh
# What 5300-pattern-kill.t says of a directory store holds for S3, too.
LITEFLEET_STORE=s3 exec "$(dirname "$0")/5300-pattern-kill.t"
