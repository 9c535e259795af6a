# SPDX-License-Identifier: BSL-1.0
"""Relative links of the pages, and their anchors, resolve as on GitHub."""

import os
import pathlib
import re

import source_tree

# What is not prose: fenced code, comments and code in a line.
CODE = re.compile(
    r"^ *```.*?^ *```$|<!--.*?-->|(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.MULTILINE | re.DOTALL
)
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)")
HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)


def plain(heading):
    """The text of a heading without its markup."""
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip()


def slug(heading):
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", plain(heading).lower()).replace(" ", "-")


def without_code(text):
    return CODE.sub(lambda code: re.sub(r"[^\n]", " ", code[0]), text)


def headings(text):
    """(offset, level, heading, anchor) of each heading; GitHub numbers equal ones."""
    seen = {}
    bare = without_code(text)
    for match in HEADING.finditer(text):
        if bare[match.start()] != "#":
            continue
        anchor = slug(match[2])
        times = seen[anchor] = seen.get(anchor, -1) + 1
        yield match.start(), len(match[1]), match[2], f"{anchor}-{times}" if times else anchor


def anchors(text):
    return {anchor for _, _, _, anchor in headings(text)}


def relative_links(text):
    """(offset, target, anchor) of each link that does not leave the repository."""
    bare = without_code(text)
    for match in LINK.finditer(bare):
        if not re.match(r"[a-z]+:", match[3]):
            target, _, anchor = match[3].partition("#")
            yield match.start(), target, anchor


def check(root):
    texts = {}
    for path in [root / "README.md", root / "CHANGELOG.md", *source_tree.files(root, "docs", {".md"})]:
        if path.exists():
            texts[path] = path.read_text("utf-8")
    for path, text in texts.items():
        for offset, target, anchor in relative_links(text):
            place = f"{path.relative_to(root)}:{text.count(chr(10), 0, offset) + 1}"
            to = pathlib.Path(os.path.normpath(path.parent / target)) if target else path
            if not to.exists():
                yield f"{place}: there is no {target}"
            elif anchor and anchor not in anchors(texts.get(to, "")):
                yield f"{place}: {target or path.name} has no heading #{anchor}"


if __name__ == "__main__":
    source_tree.main(check)
