# SPDX-License-Identifier: BSL-1.0
"""man_page.py TOOLS NAME SOURCE: whether the man page is what tools/man_page.py makes of the help text."""

import pathlib
import sys


def main(tools, name, source):
    sys.path.insert(0, tools)
    from man_page import man_page

    folder = pathlib.Path(tools)
    if (folder / f"{name}.1").read_text("utf-8") == man_page(name, folder / source):
        return 0
    print(f"write it again: python3 tools/man_page.py {name} tools/{source} > tools/{name}.1")
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
