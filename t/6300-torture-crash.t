#!/bin/sh
# The torture's family "crash", for a short time.
DATABASES=60 exec "$(dirname "$0")/torture/crash" 8
