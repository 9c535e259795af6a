# SPDX-License-Identifier: BSL-1.0
"""Below transport there is no clock, no thread and no lock: time is an argument."""

import source_tree

PATTERN = (
    r"::now\(\)|\bsleep_(for|until)\b|\bstd::(j?thread|(\w+_)?mutex|atomic\w*"
    r"|condition_variable\w*|(scoped|unique|shared)_lock|lock_guard|call_once|future|promise"
    r"|async)\b"
)
FOLDERS = [f"include/hawser/{layer}" for layer in ("base", "frame", "handshake", "protocol")]


def check(root):
    yield from source_tree.grep(
        root, source_tree.sources(root, *FOLDERS), PATTERN, "{} below transport"
    )


if __name__ == "__main__":
    source_tree.main(check)
