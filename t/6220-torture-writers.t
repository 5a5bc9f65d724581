#!/bin/sh
# The torture's family "writers", for a short time.
exec "$(dirname "$0")/torture/writers" 8 "${LITEFLEET_SEED:-1}"
