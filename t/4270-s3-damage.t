#!/bin/sh
# What 3320-pattern-damage.t says of a directory store holds for S3, too.
LITEFLEET_STORE=s3 exec "$(dirname "$0")/3320-pattern-damage.t"
