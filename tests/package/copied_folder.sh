#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# copied_folder.sh COMPILER SOURCES [PROGRAM...]: compiles and runs programs with a copy of include/hawser,
# without a build system.
set -eu

compiler=$1 sources=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/include"
cp -R "$sources/include/hawser" "$work/include"
for program in "$@"; do
  "$compiler" -std=c++20 -pthread -I "$work/include" "$sources/tests/package/$program.cpp" \
    -o "$work/$program"
  "$work/$program"
done
