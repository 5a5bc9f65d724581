#!/bin/sh
# The torture's family "power", for a short time.
DATABASES=12 POINTS=12 exec "$(dirname "$0")/torture/power" 10 "${LITEFLEET_SEED:-1}"
