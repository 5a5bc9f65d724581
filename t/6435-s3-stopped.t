#!/bin/sh
# What 6430-torture-stopped.t says of a directory store holds for S3, too.
LITEFLEET_STORE=s3 exec "$(dirname "$0")/6430-torture-stopped.t"
