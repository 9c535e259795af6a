# SPDX-License-Identifier: BSL-1.0
"""No class gives a test or another class access to its private members."""

import re

import source_tree

# Friend functions, such as operator==, and nested classes are parts of a class's own interface.
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
