# SPDX-License-Identifier: BSL-1.0
"""clang-format 14 changes no source. Skipped with other versions, whose results differ."""

import re
import shutil
import subprocess
import sys

import source_tree

VERSION = 14


def clang_format():
    for name in (f"clang-format-{VERSION}", "clang-format"):
        if shutil.which(name):
            output = subprocess.run([name, "--version"], capture_output=True, text=True).stdout
            if re.search(rf"version {VERSION}\.", output):
                return name
    return None


def check(root):
    name = clang_format()
    if name is None:
        print(f"There is no clang-format {VERSION} here to compare the sources with")
        sys.exit(source_tree.SKIPPED)
    paths = source_tree.sources(root, "include", "tests", "examples", "tools", "bench")
    if not paths:
        return
    output = subprocess.run(
        [name, "--dry-run", "-ferror-limit=1", *paths], capture_output=True, text=True, cwd=root
    ).stderr
    for line in output.splitlines():
        match = re.match(r"(.+?:\d+):\d+: (?:warning|error):", line)
        if match:
            place = match[1].replace(f"{root}/", "")
            yield f"{place}: not formatted; clang-format -i mends it"
        elif "clang-format" in line and "error" in line.lower():
            yield line


if __name__ == "__main__":
    source_tree.main(check)
