#!/bin/sh
# The torture's family "tenants", for a short time.
CROWD=20000 exec "$(dirname "$0")/torture/tenants" 6
