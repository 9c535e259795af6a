# SPDX-License-Identifier: BSL-1.0
"""No header has more than 400 lines, which are enough for one concept."""

import source_tree

LIMIT = 400


def check(root):
    for path in source_tree.sources(root, "include"):
        lines = len(path.read_text("utf-8").splitlines())
        if lines > LIMIT:
            yield f"{path.relative_to(root)}: {lines} lines, {LIMIT} at most"


if __name__ == "__main__":
    source_tree.main(check)
