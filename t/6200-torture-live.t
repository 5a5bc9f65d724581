#!/bin/sh
# The torture's family "live", for a short time.
DATABASES=60 WRITERS=8 exec "$(dirname "$0")/torture/live" 5
