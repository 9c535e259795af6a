# SPDX-License-Identifier: BSL-1.0
"""docs/errors.md lists each errc and nothing else.

Those of the folders besides base have rows of their namespace, with the comment of the enumerator.
"""

import re

import source_tree


def enumerators(text, enumeration):
    body = re.search(rf"enum class {enumeration}\b[^{{]*\{{(.*?)\n\}};", text, re.DOTALL)
    return re.findall(r"^\s*(\w+)\s*(?:=\s*\d+)?,(?:\s*///< (.*))?", body[1], re.MULTILINE)


def check(root):
    if not (root / "docs").exists():
        return
    page = root / "docs/errors.md"
    header = root / "include/hawser/base/errc.hpp"
    if not page.exists():
        yield "docs/errors.md: missing"
        return
    text = page.read_text("utf-8")
    names = [name for name, _ in enumerators(header.read_text("utf-8"), "errc")]
    conditions = [name for name, _ in enumerators(header.read_text("utf-8"), "condition")]
    named = set(re.findall(r"`(?:errc::)?(\w+)`", text))
    for name in names:
        if name not in named:
            yield f"docs/errors.md: does not name `{name}`"
    table = re.findall(r"^\| *`(?:errc::)?(\w+)`", text, re.MULTILINE)
    for name in table:
        if name not in names + conditions:
            yield f"docs/errors.md: there is no errc `{name}`"

    rows = []
    for header in sorted(root.glob("include/hawser/*/errc.hpp")):
        if header.parent.name == "base":
            continue
        for name, comment in enumerators(header.read_text("utf-8"), "errc"):
            rows.append(f"| `{header.parent.name}::errc::{name}` | {comment} |")
            if rows[-1] not in text:
                yield f"docs/errors.md: has no row {rows[-1]} of {header.parent.name}/errc.hpp"
    for row in re.findall(r"^\| *`\w+::errc::\w+`.*", text, re.MULTILINE):
        if row not in rows:
            yield f"docs/errors.md: there is no errc for the row {row}"


if __name__ == "__main__":
    source_tree.main(check)
