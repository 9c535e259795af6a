# SPDX-License-Identifier: BSL-1.0
"""Functions that the checks share: finding the sources, and reporting violations.

A check is a function from the root of the sources to the lines that say what breaks its rule. It
looks at the files themselves, so that it works in an unpacked archive as well as in a checkout.
"""

import pathlib
import re
import sys

# Made by builds and tools; .gitignore lists them too.
NOT_OURS = {".git", ".cache", "__pycache__", "build", "install", "node_modules"}
SKIPPED = 77


def files(root, folder=".", suffixes=None):
    """The files below a folder with one of the suffixes, sorted."""
    found = []
    pending = [root / folder]
    while pending:
        directory = pending.pop()
        if not directory.is_dir():
            continue
        for entry in directory.iterdir():
            if entry.name in NOT_OURS or entry.is_symlink():
                continue
            if entry.is_dir():
                pending.append(entry)
            elif suffixes is None or entry.suffix in suffixes:
                found.append(entry)
    return sorted(found)


def sources(root, *folders):
    """The C++ files below the folders."""
    return [path for folder in folders for path in files(root, folder, {".hpp", ".cpp"})]


def grep(root, paths, pattern, complaint):
    """A complaint for each line that matches; {} in it is replaced by the match."""
    regex = re.compile(pattern)
    for path in paths:
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            match = regex.search(line)
            if match:
                yield f"{path.relative_to(root)}:{number}: {complaint.format(match[0].strip())}"


def includes(path):
    """(line number, header, "<" or '"') of each #include."""
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)', line)
        if match:
            yield number, match[2], match[1]


def main(check):
    """Prints what the check finds in the directory given, or in this file's project."""
    default = pathlib.Path(__file__).parents[2]
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    found = list(check(root.resolve()))
    print("".join(line + "\n" for line in found), end="")
    sys.exit(1 if found else 0)
