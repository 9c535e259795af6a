#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# meson.sh COMPILER SOURCES: builds and runs a Meson program with hawser in subprojects/.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir -p "$work/program/subprojects/hawser"
cp "$2/tests/package/meson/meson.build" "$2/tests/package/compressed.cpp" "$work/program"
cp -R "$2/meson.build" "$2/include" "$work/program/subprojects/hawser"
CXX=$1 meson setup "$work/build" "$work/program"
ninja -C "$work/build"
"$work/build/compressed"
