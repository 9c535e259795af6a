# SPDX-License-Identifier: BSL-1.0
"""No header includes itself by way of others: with #pragma once, one of them would lack what it needs."""

import source_tree


def check(root):
    included = {}
    for path in source_tree.sources(root, "include/hawser"):
        name = str(path.relative_to(root / "include"))
        included[name] = [header for _, header, _ in source_tree.includes(path)]
    done = set()

    def follow(header, path):
        if header in path:
            yield " includes ".join([*path[path.index(header) :], header])
        elif header in included and header not in done:
            for other in included[header]:
                yield from follow(other, [*path, header])
            done.add(header)

    for header in included:
        yield from follow(header, [])


if __name__ == "__main__":
    source_tree.main(check)
