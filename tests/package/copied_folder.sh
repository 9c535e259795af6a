#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# copied_folder.sh COMPILER SOURCES: a program that has a copy of include/hawser and no build system.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/include"
cp -R "$2/include/hawser" "$work/include"
"$1" -std=c++20 -I "$work/include" "$2/tests/package/core.cpp" -o "$work/core"
"$work/core"
