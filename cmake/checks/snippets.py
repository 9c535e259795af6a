# SPDX-License-Identifier: BSL-1.0
"""Code on a page that names its source file is in that file, so that it is compiled and run.

The line before the fence names the file: <!-- examples/echo_server.cpp -->. The file must contain the same
lines in sequence; only the indentation of the whole may differ.
"""

import re
import textwrap

import source_tree

BLOCK = re.compile(
    r"^<!-- ((?:examples|tests|include)/\S+) -->\n+```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL
)


def occurs(snippet, text):
    wanted = textwrap.dedent(snippet).splitlines()
    lines = text.splitlines()
    return any(
        textwrap.dedent("\n".join(lines[start : start + len(wanted)])).splitlines() == wanted
        for start in range(len(lines) - len(wanted) + 1)
    )


def check(root):
    for page in [root / "README.md", *source_tree.files(root, "docs", {".md"})]:
        if not page.exists():
            continue
        text = page.read_text("utf-8")
        for block in BLOCK.finditer(text):
            place = f"{page.relative_to(root)}:{text.count(chr(10), 0, block.start()) + 1}"
            source = root / block[1]
            if not source.exists():
                yield f"{place}: there is no {block[1]}"
            elif not occurs(block[2], source.read_text("utf-8")):
                yield f"{place}: the code is not in {block[1]}"


if __name__ == "__main__":
    source_tree.main(check)
