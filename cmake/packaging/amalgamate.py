# SPDX-License-Identifier: BSL-1.0
"""amalgamate.py SOURCES OUTPUT: writes the core and the Asio drivers of hawser as one header.

The headers are inserted where the first of them is included, so that each comes after what it needs. A program that
defines HAWSER_NO_ASIO gets the core alone. The compiled form needs the headers as they are.
"""

import pathlib
import re
import sys

INCLUDE = re.compile(r'\s*#\s*include\s+"(hawser/[^"]+\.hpp)"')
CONDITION = re.compile(r"\s*#\s*(if|ifdef|ifndef|endif)\b")
LEFT_OUT = ("// SPDX-License-Identifier:", "#pragma once")
# Headers with both meanings: the drivers' own instances are taken where the compiled form would declare them.
COMPILED = re.compile(r"\s*#\s*if !defined\(HAWSER_COMPILED\)")


class Amalgam:
    def __init__(self, include):
        self.include = include
        self.seen = set()

    def header(self, name):
        """The lines of a header and of those that it includes, each the first time that it is included."""
        if name in self.seen:
            return
        self.seen.add(name)
        open_conditions = []
        for line in (self.include / name).read_text("utf-8").splitlines():
            if line.startswith(LEFT_OUT):
                continue
            if condition := CONDITION.match(line):
                if condition[1] == "endif":
                    open_conditions.pop()
                else:
                    open_conditions.append(line)
            included = INCLUDE.match(line)
            if not included:
                yield line
            elif all(COMPILED.match(condition) for condition in open_conditions):
                yield from self.header(included[1])
            else:
                raise SystemExit(f"{name}: {included[1]} is included under {open_conditions[-1]}")


def amalgamate(include):
    amalgam = Amalgam(include)
    yield "// SPDX-License-Identifier: BSL-1.0"
    yield "#pragma once"
    yield "// Made by cmake/packaging/amalgamate.py from the headers of hawser: change those."
    yield "#if defined(HAWSER_COMPILED)"
    yield '#error "the compiled form of hawser needs its headers, not this one"'
    yield "#endif"
    yield from amalgam.header("hawser/hawser.hpp")
    yield "#if !defined(HAWSER_NO_ASIO)"
    yield from amalgam.header("hawser/asio.hpp")
    yield "#endif"


def without_gaps(lines):
    """The lines with one empty line in place of several."""
    before = ""
    for line in lines:
        if line or before:
            yield line
        before = line


def main(sources, output):
    text = "\n".join(without_gaps(amalgamate(pathlib.Path(sources) / "include"))) + "\n"
    path = pathlib.Path(output)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
