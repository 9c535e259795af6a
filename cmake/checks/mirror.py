# SPDX-License-Identifier: BSL-1.0
"""Each header has a test at the same path, each such test a header, which it includes first."""

import layers
import source_tree


def check(root):
    headers = {
        path.relative_to(root / "include/hawser").with_suffix("")
        for layer in layers.LAYERS
        for path in source_tree.files(root, f"include/hawser/{layer}", {".hpp"})
    }
    tests = {
        path.relative_to(root / "tests").with_suffix("")
        for layer in layers.LAYERS
        for path in source_tree.files(root, f"tests/{layer}", {".cpp"})
    }
    for name in sorted(headers - tests):
        yield f"include/hawser/{name}.hpp: there is no tests/{name}.cpp"
    for name in sorted(tests - headers):
        yield f"tests/{name}.cpp: there is no include/hawser/{name}.hpp"
    for name in sorted(headers & tests):
        first = next(source_tree.includes(root / f"tests/{name}.cpp"), (1, "nothing", '"'))
        if first[1] != f"hawser/{name}.hpp":
            yield f"tests/{name}.cpp:{first[0]}: hawser/{name}.hpp comes first, not {first[1]}"


if __name__ == "__main__":
    source_tree.main(check)
