# SPDX-License-Identifier: BSL-1.0
"""alone.py INCLUDE COMMAND… -- HEADER…: whether each header compiles without an include of any other before it.

Most of a compiler's time is for what the headers include, so there are as few units as possible. A header may follow others
in a unit if it includes all that they include, because then nothing is there that is not there when it is alone."""

import functools
import pathlib
import re
import subprocess
import sys

INCLUDE = re.compile(r'^ *# *include *[<"]([^>"]+)[>"]', re.MULTILINE)


@functools.cache
def included(root, header):
    """The header and all that it includes; of the headers of other libraries only the names."""
    path = root / header
    if not path.is_file():
        return frozenset([header])
    return frozenset([header]).union(*(included(root, name) for name in INCLUDE.findall(path.read_text())))


def chains(root, headers):
    """As few lists of the headers as possible, in each of which a header includes all that those before it include:
    the most pairs of neighbours, a matching."""
    contents = {header: included(root, header) for header in headers}
    following = {a: [b for b in headers if contents[a] < contents[b]] for a in headers}
    before = {}

    def find_follower(header, seen):
        for other in following[header]:
            if other not in seen:
                seen.add(other)
                if other not in before or find_follower(before[other], seen):
                    before[other] = header
                    return True
        return False

    for header in headers:
        find_follower(header, set())
    for last in set(headers) - set(before.values()):
        chain = [last]
        while chain[0] in before:
            chain.insert(0, before[chain[0]])
        yield chain


def is_accepted(command, headers):
    unit = "".join(f"#include <{header}>\n" for header in headers)
    return subprocess.run([*command, "-x", "c++", "-"], input=unit, text=True).returncode == 0


def main(root, command, headers):
    units = sorted(chains(root, headers))
    refused = [unit for unit in units if not is_accepted(command, unit)]
    for unit in refused:
        print("refused:", " ".join(unit))
    print(f"{len(headers)} headers in {len(units)} units")
    return 1 if refused else 0


if __name__ == "__main__":
    split = sys.argv.index("--")
    sys.exit(main(pathlib.Path(sys.argv[1]), sys.argv[2:split], sys.argv[split + 1:]))
