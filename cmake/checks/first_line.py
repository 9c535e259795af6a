# SPDX-License-Identifier: BSL-1.0
"""Sources begin with one line of licence, headers continue with #pragma once, and code is ASCII."""

import re

import source_tree

LICENCE = "// SPDX-License-Identifier: BSL-1.0"
COMMENT = re.compile(r"//.*")


def check(root):
    for path in source_tree.sources(root, "include", "tests", "examples", "tools", "bench"):
        name = path.relative_to(root)
        lines = path.read_text("utf-8").splitlines()
        if lines[:1] != [LICENCE]:
            yield f"{name}:1: the first line is not {LICENCE}"
        if path.suffix == ".hpp" and lines[1:2] != ["#pragma once"]:
            yield f"{name}:2: the second line is not #pragma once"
        for number, line in enumerate(lines, 1):
            # A comment may contain the sign of a clause.
            if not COMMENT.sub("", line).isascii():
                yield f"{name}:{number}: not ASCII outside a comment"


if __name__ == "__main__":
    source_tree.main(check)
