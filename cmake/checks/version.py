# SPDX-License-Identifier: BSL-1.0
"""The version's number agrees with its text, which the package uses."""

import re

import source_tree


def check(root):
    path = root / "include/hawser/version.hpp"
    text = path.read_text("utf-8")
    number = re.search(r"#define HAWSER_VERSION (\d+)$", text, re.MULTILINE)
    words = re.search(r'version = "(\d+)\.(\d+)\.(\d+)"', text)
    if not number or not words:
        yield f"{path.relative_to(root)}: no version"
    elif int(number[1]) != sum(int(part) * by for part, by in zip(words.groups(), (10000, 100, 1))):
        yield f"{path.relative_to(root)}: {number[1]} is not {'.'.join(words.groups())}"


if __name__ == "__main__":
    source_tree.main(check)
