#!/bin/sh
# The torture's family "stopped", for a short time.
STOP_SECONDS=2 CASES="backup upload service restore" \
    exec "$(dirname "$0")/torture/stopped" 1 "${LITEFLEET_SEED:-1}"
