#!/bin/sh
# Each public header compiles alone, without a warning, in C11 and C++17, with gcc and clang.
#
#   headers.sh CC FOLDER
set -eu
include=$(cd "$(dirname "$0")/../../include" && pwd)
c_compiler=$1
folder=$2
warnings="-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -fsyntax-only"
compiled=0

compile()
{
    printf '%s\n' "#include <$header>" "#include <$header>" "$use" >"$folder/header.$1"
    shift
    echo "$header: $*"
    # shellcheck disable=SC2086 # a list of words
    "$@" $warnings -I "$include"
    compiled=$((compiled + 1))
}

for header in clconv.h clconv_cl.h; do
    use='clconv_status used(void); clconv_status used(void) { return CLCONV_OK; }'
    compile c "$c_compiler" -std=c11 "$folder/header.c"
    for pair in gcc/g++ clang-14/clang++-14; do
        command -v "${pair%/*}" >/dev/null || continue
        compile c "${pair%/*}" -std=c11 "$folder/header.c"
        command -v "${pair#*/}" >/dev/null || continue
        compile cpp "${pair#*/}" -std=c++17 "$folder/header.cpp"
    done
done
echo "$compiled compilations"
