# SPDX-License-Identifier: BSL-1.0
"""No class lets a test, or another class, in by the back door."""

import source_tree

# A friend function, such as operator==, is a part of the class's own interface.
PATTERN = (
    r"\bfriend\s+((class|struct|typename)\b|[\w:]+(<.*>)?;)|#\s*define\s+(private|protected)\b"
)


def check(root):
    yield from source_tree.grep(root, source_tree.sources(root, "include", "tests"), PATTERN, "{}")


if __name__ == "__main__":
    source_tree.main(check)
