#!/bin/sh
# The library is portable C11: only core/platform.c and core/store.c include what belongs to an
# operating system.
set -eu
cd "$(dirname "$0")/../../host"
portable='assert|complex|ctype|errno|float|inttypes|limits|locale|math|setjmp|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|stdnoreturn|string|time'

sources=$(find core reference cl conv api.c -name '*.[ch]' ! -path core/platform.c ! -path core/store.c)
# shellcheck disable=SC2086 # a list of files
if grep -nE '^ *# *include *<' $sources |
    grep -vE "<(($portable)\.h|CL/[a-z_]*\.h|OpenCL/cl\.h|clblast_c\.h)>"; then
    echo "these includes are not C11's, OpenCL's or CLBlast's"
    exit 1
fi
# shellcheck disable=SC2086
if grep -nE '_POSIX_C_SOURCE|_GNU_SOURCE|_DEFAULT_SOURCE|__attribute__|__builtin' $sources |
    grep -vE '__attribute__\(\((format\(printf|target_clones)'; then
    echo "these lines need an extension"
    exit 1
fi
echo "$(echo "$sources" | wc -l) files"
