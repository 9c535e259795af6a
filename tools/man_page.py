# SPDX-License-Identifier: BSL-1.0
"""man_page.py NAME SOURCE: prints the man page of a program, made of the help text in its source."""

import pathlib
import re
import sys

SUMMARIES = {"hawser-cat": "connects the standard input and output with a WebSocket"}
OPTION = re.compile(r"^  (--\S.*?)(?:  +(\S.*))?$")


def escaped(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text[:1] in (".", "'") else text


def lines_of(name, help_text):
    yield f'.TH {name.upper().replace("-", chr(92) + "-")} 1'
    yield ".SH NAME"
    yield f"{escaped(name)} \\- {SUMMARIES[name]}"
    usage, _, rest = help_text.partition("\n\n")
    yield ".SH SYNOPSIS"
    for line in usage.splitlines():
        yield f".B {escaped(line)}"
        yield ".br"
    yield ".SH DESCRIPTION"
    for block in rest.strip().split("\n\n"):
        first, *others = block.splitlines()
        if OPTION.match(first):
            others.insert(0, first)
        elif others and OPTION.match(others[0]):
            yield f".SS {escaped(first)}"
        else:
            yield ".PP"
            yield from map(escaped, block.splitlines())
            continue
        for line in others:
            found = OPTION.match(line)
            if found:
                yield ".TP"
                yield f".B {escaped(found[1])}"
            yield escaped((found[2] or "") if found else line.strip())


def man_page(name, source):
    help_text = re.search(r'R"\((.*?)\)"', pathlib.Path(source).read_text("utf-8"), re.DOTALL)[1]
    return "\n".join(lines_of(name, help_text)) + "\n"


if __name__ == "__main__":
    print(man_page(*sys.argv[1:]), end="")
