#!/bin/sh
# Installs into a folder, moves that folder, and uses it from outside the tree: the examples built
# with find_package and pkg-config, shared and static, and the installed tool.
#
#   install.sh BUILD CC
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$1
CC=$2
export CC
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

step()
{
    echo "== $*"
}

edges='0 4 4 0
0 4 4 0
0 4 4 0
0 4 4 0'

run_examples()
{
    [ "$("$1/convolve")" = "$edges" ]
    for example in convolve sequence opencl_interop; do
        echo "$1/$example:"
        "$1/$example"
    done
}

step "install, then move: nothing may depend on where it was installed"
cmake --install "$build" --prefix "$work/first" >/dev/null
mv "$work/first" "$work/prefix"
prefix=$work/prefix
cp -r "$root/examples" "$work/examples"
config=$(find "$prefix" -name clconv.pc)
library=$(dirname "$(dirname "$config")")

step "the tool finds its library"
"$prefix/bin/clconv" devices

for kind in shared static; do
    step "find_package, $kind"
    cmake -G Ninja -S "$work/examples" -B "$work/$kind" -DCMAKE_PREFIX_PATH="$prefix" \
        -DCLCONV_KIND=$kind -DCMAKE_BUILD_TYPE=Release >/dev/null
    cmake --build "$work/$kind"
    LD_LIBRARY_PATH='' run_examples "$work/$kind"
done
if ldd "$work/static/convolve" | grep libclconv; then
    echo "the static example wants the shared library"
    exit 1
fi

export PKG_CONFIG_PATH="$library/pkgconfig"
for kind in shared static; do
    step "pkg-config, $kind"
    link=--shared
    if [ $kind = static ]; then
        link=--static
        rm "$library"/libclconv.so*
    fi
    flags=$(pkg-config --cflags --libs $link clconv OpenCL)
    mkdir "$work/pkg-$kind"
    for example in convolve sequence opencl_interop; do
        # shellcheck disable=SC2086 # a list of words
        "$CC" -std=c11 "$work/examples/$example.c" $flags -o "$work/pkg-$kind/$example"
    done
    LD_LIBRARY_PATH=$library run_examples "$work/pkg-$kind"
done
