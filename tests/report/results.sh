#!/bin/sh
# The tables under bench/results/ are those of the reports beside them.
set -eu
cd "$(dirname "$0")/../../bench/results"
for report in *.json; do
    ../table "$report" | cmp - "${report%.json}.md" || {
        echo "mend it: bench/table bench/results/$report >bench/results/${report%.json}.md"
        exit 1
    }
done
