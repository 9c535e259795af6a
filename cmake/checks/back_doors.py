# SPDX-License-Identifier: BSL-1.0
"""No class lets a test, or another class, in by the back door."""

import re

import source_tree

# A friend function, such as operator==, is a part of the class's own interface; so is a class and the
# one that it is nested in.
PATTERN = (
    r"\bfriend\s+((class|struct|typename)\b|[\w:]+(<.*>)?;)|#\s*define\s+(private|protected)\b"
)
OWNER = r"\bfriend (\w+);"


def check(root):
    for source in source_tree.sources(root, "include", "tests"):
        for complaint in source_tree.grep(root, [source], PATTERN, "{}"):
            owner = re.search(OWNER, complaint)
            text = source.read_text("utf-8")
            if not owner or not re.search(rf"^class {owner[1]}\b", text, re.MULTILINE):
                yield complaint


if __name__ == "__main__":
    source_tree.main(check)
