#!/bin/sh
# As 6100-damage.t, with 3,000 databases.
N=3000 exec "$(dirname "$0")/6100-damage.t"
