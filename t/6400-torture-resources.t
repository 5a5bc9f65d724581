#!/bin/sh
# The torture's family "resources", for a short time.
DATABASES=30 exec "$(dirname "$0")/torture/resources" 8
