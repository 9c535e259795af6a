# SPDX-License-Identifier: BSL-1.0
"""Below transport there is no clock, no thread and no lock: time is an argument.

One header is left out: what many connections share is for many threads, whatever drives them.
"""

import source_tree

PATTERN = (
    r"::now\(\)|\bsleep_(for|until)\b|\bstd::(j?thread|(\w+_)?mutex|atomic\w*"
    r"|condition_variable\w*|(scoped|unique|shared)_lock|lock_guard|call_once|future|promise"
    r"|async)\b"
)
LEFT_OUT = "include/hawser/protocol/shared_encodings.hpp"
FOLDERS = [f"include/hawser/{layer}" for layer in ("base", "frame", "handshake", "protocol", "negotiation")]


def check(root):
    paths = [path for path in source_tree.sources(root, *FOLDERS) if path != root / LEFT_OUT]
    yield from source_tree.grep(root, paths, PATTERN, "{} below transport")


if __name__ == "__main__":
    source_tree.main(check)
