#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# pkg_config.sh COMPILER SOURCES PREFIX VERSION [COMPONENT=PROGRAM...]: compiles and runs programs with the flags of
# pkg-config: that of the core, and those of the components whose own packages pkg-config knows.
set -eu

compiler=$1 sources=$2 version=$4
export PKG_CONFIG_PATH="$3/share/pkgconfig"
shift 4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for package in hawser "$PKG_CONFIG_PATH"/hawser-*.pc; do
  package=$(basename "$package" .pc)
  pkg-config --validate "$package"
  test "$(pkg-config --modversion "$package")" = "$version"
done
pkg-config --print-requires hawser-tls | grep -q "libssl >= 3"
pkg-config --cflags hawser-asio | grep -q -e "-DASIO_STANDALONE.*-pthread"

for pair in hawser=core "$@"; do
  package=${pair%=*} program=${pair#*=}
  if pkg-config --exists "$package"; then
    # Unquoted, so that the shell splits the flags.
    "$compiler" -std=c++20 $(pkg-config --cflags "$package") "$sources/tests/package/$program.cpp" \
      -o "$work/$program" $(pkg-config --libs "$package")
    "$work/$program"
  fi
done
