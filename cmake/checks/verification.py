# SPDX-License-Identifier: BSL-1.0
"""Only one function, whose name says so, switches off the verification of certificates."""

import source_tree

PATTERN = r"\bSSL_VERIFY_NONE\b|\bverify_none\b"
ONLY = "void insecure_skip_verification() noexcept {"


def check(root):
    for path in source_tree.sources(root, "include", "examples", "tools"):
        lines = path.read_text("utf-8").splitlines()
        keeping = [
            number
            for number, line in enumerate(lines, 1)
            if ONLY in line and path.name == "client_context.hpp"
        ]
        for place in source_tree.grep(root, [path], PATTERN, "{}"):
            number = int(place.split(":")[1])
            if number - 1 not in keeping:
                yield f"{place} outside of insecure_skip_verification()"


if __name__ == "__main__":
    source_tree.main(check)
