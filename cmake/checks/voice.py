# SPDX-License-Identifier: BSL-1.0
"""Comments, pages and test names are plain technical English, in the words of the field.

Code and text in backticks are not checked. A line that names an RFC may quote its octets.
"""

import re

import source_tree

WORDS = [
    (r"whom?(?:ever)?|(?:some|no|any|every)body", "name the caller, the peer or the thread"),
    (r"told|tells?", "say: reported, returned, sent"),
    (r"time-outs?", "say: timeout"),
    (r"patien(?:ce|t)|impatient", "say: timeout"),
    (r"(?:is|are|was|were) over(?=[.,;:)]|$)", "say: has ended, has expired"),
    (r"without a word|says? nothing|(?:hears?|heard) of", "say what happens"),
]
RULES = [(re.compile(rf"\b(?:{words})(?![\w-])", re.I), advice) for words, advice in WORDS]
OCTET = re.compile(r"\boctets?\b", re.I)

FOLDERS = ["include", "tests", "examples", "bench"]
PAGES = ["README.md", "CHANGELOG.md"]

STRING = r'"(?:[^"\\]|\\.)*"'
COMMENT = re.compile(rf"(?:{STRING}|'(?:[^'\\]|\\.)'|[^\"'/]|/(?!/)|')*?//(.*)")
NAME = re.compile(rf"\b(?:TEST_CASE|TEMPLATE_TEST_CASE|SECTION)\(\s*({STRING}(?:\s*{STRING})*)")
CODE = re.compile(r"`[^`]*`")


def complaints(text):
    prose = CODE.sub("", text)
    for regex, advice in RULES:
        if match := regex.search(prose):
            yield f"'{match[0]}': {advice}"
    if (match := OCTET.search(prose)) and "RFC" not in text:
        yield f"'{match[0]}': say byte"


def prose_of_source(text):
    for number, line in enumerate(text.splitlines(), 1):
        if match := COMMENT.match(line):
            yield number, match[1]
    for match in NAME.finditer(text):
        yield text.count("\n", 0, match.start(1)) + 1, match[1]


def prose_of_page(text):
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            fenced = not fenced
        elif not fenced and not line.startswith("    "):
            yield number, line


def check(root):
    texts = [(path, prose_of_source) for path in source_tree.sources(root, *FOLDERS)]
    pages = [root / page for page in PAGES if (root / page).exists()]
    texts += [(path, prose_of_page) for path in pages + source_tree.files(root, "docs", {".md"})]
    for path, prose in texts:
        name = path.relative_to(root)
        for number, line in prose(path.read_text("utf-8")):
            for complaint in complaints(line):
                yield f"{name}:{number}: {complaint}"


if __name__ == "__main__":
    source_tree.main(check)
