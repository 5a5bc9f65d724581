#!/bin/sh
# What 2600-upload.t says of a directory store holds for S3, too.
LITEFLEET_STORE=s3 exec "$(dirname "$0")/2600-upload.t"
