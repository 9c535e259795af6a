# SPDX-License-Identifier: BSL-1.0
"""docs/errors.md lists each errc and nothing else."""

import re

import source_tree


def enumerators(text, enumeration):
    body = re.search(rf"enum class {enumeration}\b[^{{]*\{{(.*?)\n\}};", text, re.DOTALL)
    return re.findall(r"^\s*(\w+)\s*(?:=\s*\d+)?,", body[1], re.MULTILINE)


def check(root):
    if not (root / "docs").exists():
        return
    page = root / "docs/errors.md"
    header = root / "include/hawser/base/errc.hpp"
    if not page.exists():
        yield "docs/errors.md: missing"
        return
    names = enumerators(header.read_text("utf-8"), "errc")
    conditions = enumerators(header.read_text("utf-8"), "condition")
    named = set(re.findall(r"`(?:errc::)?(\w+)`", page.read_text("utf-8")))
    for name in names:
        if name not in named:
            yield f"docs/errors.md: does not name `{name}`"
    table = re.findall(r"^\| *`(?:errc::)?(\w+)`", page.read_text("utf-8"), re.MULTILINE)
    for name in table:
        if name not in names + conditions:
            yield f"docs/errors.md: there is no errc `{name}`"


if __name__ == "__main__":
    source_tree.main(check)
