#!/bin/sh
# The shared library exports the names in exports.txt, no more and no fewer; and those are the
# functions that the public headers declare.
#
#   exports.sh LIBCLCONV.SO
set -eu
cd "$(dirname "$0")"
export LC_ALL=C
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

nm -D --defined-only "$1" | sed 's/.* //' | sort >"$work/exported"
cat ../../include/*.h | tr '\n' ' ' | grep -o 'CLCONV_API [^(;#]*(' | grep -o 'clconv_[a-z0-9_]*(' |
    tr -d '(' | sort -u >"$work/declared"

diff -u exports.txt "$work/declared" || { echo "the headers declare other names"; exit 1; }
diff -u exports.txt "$work/exported" || { echo "the library exports other names"; exit 1; }
echo "$(wc -l <exports.txt) names"
