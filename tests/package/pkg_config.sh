#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# pkg_config.sh COMPILER SOURCES PREFIX VERSION: compiles and runs a program with the flags of pkg-config.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

export PKG_CONFIG_PATH="$3/share/pkgconfig"
test "$(pkg-config --modversion hawser)" = "$4"
# Unquoted, so that the shell splits the flags.
"$1" -std=c++20 $(pkg-config --cflags hawser) "$2/tests/package/core.cpp" -o "$work/core"
"$work/core"
# Compression also needs the flags of zlib, which has its own file.
if pkg-config --exists zlib; then
  "$1" -std=c++20 $(pkg-config --cflags hawser) "$2/tests/package/compressed.cpp" -o "$work/compressed" \
    $(pkg-config --libs zlib)
  "$work/compressed"
fi
