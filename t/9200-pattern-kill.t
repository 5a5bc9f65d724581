#!/bin/sh
# As 5300-pattern-kill.t, with 10,000 databases and 50 seeds.
N=10000 SEEDS=50 exec "$(dirname "$0")/5300-pattern-kill.t"
