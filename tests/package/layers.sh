#!/bin/sh
# An include of a layer above does not compile; one of the layer itself and of those below does.
#
#   layers.sh CC VIEWS
#
# VIEWS holds one folder of links per layer, the only include path that the layer is compiled with.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
c_compiler=$1
views=$2
wrong=0

header_of()
{
    case $1 in
    core) echo core/error.h ;;
    reference) echo reference/stage.h ;;
    cl) echo cl/device.h ;;
    conv) echo conv/algorithm.h ;;
    esac
}

# expect yes|no LAYER VISIBLE
expect()
{
    header=$(header_of "$3")
    [ -f "$root/host/$header" ] || { echo "host/$header is gone: mend this test"; exit 1; }
    got=no
    if echo "#include \"$header\"" | "$c_compiler" -std=c11 -x c -fsyntax-only \
        -I "$views/$2" -I "$root/include" - 2>/dev/null; then
        got=yes
    fi
    if [ $got = "$1" ]; then
        return 0
    fi
    echo "host/$2 including \"$header\": compiles: $got, should: $1"
    wrong=$((wrong + 1))
}

for layer in core reference cl conv; do
    for other in core reference cl conv; do
        case $layer:$other in
        core:core | reference:core | reference:reference | cl:core | cl:cl | conv:*)
            expect yes $layer $other ;;
        *)
            expect no $layer $other ;;
        esac
    done
done
exit $wrong
