# SPDX-License-Identifier: BSL-1.0
"""Comments, docstrings, pages, test names and identifiers are plain technical English, in the words of the field.

Other strings, and text in backticks, are not checked. Names in the headers may contain `octets`.
A line that names an RFC may quote its octets.
"""

import io
import re
import tokenize

import source_tree

WORDS = [
    (r"whom?(?:ever)?|(?:some|no|any|every)body", "name the caller, the peer or the thread"),
    (r"told|tells?", "say: reported, returned, sent"),
    (r"time-outs?", "say: timeout"),
    (r"patien(?:ce|t)|impatient", "say: timeout"),
    (r"(?:is|are|was|were) over(?=[.,;:)]|$)", "say: has ended, has expired"),
    (r"without a word|says? nothing|(?:hears?|heard) of", "say what happens"),
]
IDENTIFIERS = r"told|heard|hears?|impatient|patience|patient|(?:some|no|any|every)body|whoever|whom"
RULES = [(re.compile(rf"\b(?:{words})(?![\w-])", re.I), advice) for words, advice in WORDS]
UNIT = re.compile(r"\boctets?\b", re.I)
OLD_NAME = re.compile(rf"(?<![a-zA-Z0-9])(?:{IDENTIFIERS})(?![a-zA-Z0-9])", re.I)
OLD_NAME_OR_UNIT = re.compile(rf"(?<![a-zA-Z0-9])(?:{IDENTIFIERS}|octet(?:s|wise)?)(?![a-zA-Z0-9])", re.I)

FOLDERS = ["include", "src", "tests", "examples", "tools", "bench"]
SCRIPTS = ["cmake", ".ci", "docs", *FOLDERS]
PAGES = ["README.md", "CHANGELOG.md"]

STRING = r'"(?:[^"\\]|\\.)*"'
COMMENT = re.compile(rf"(?:{STRING}|'(?:[^'\\]|\\.)'|[^\"'/]|/(?!/)|')*?//(.*)")
NAME = re.compile(rf"\b(?:TEST_CASE|TEMPLATE_TEST_CASE|SECTION)\(\s*({STRING}(?:\s*{STRING})*)")
LITERAL = re.compile(rf"{STRING}|'(?:[^'\\]|\\.)'|//.*")
SCRIPT_COMMENT = re.compile(r"(?:^|\s)#(?![!\w])(.*)")
CODE = re.compile(r"`[^`]*`")


def complaints(text):
    prose = CODE.sub("", text)
    for regex, advice in RULES:
        if match := regex.search(prose):
            yield f"'{match[0]}': {advice}"
    if (match := UNIT.search(prose)) and "RFC" not in text:
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


def prose_of_python(text):
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT or token.string.startswith('"""'):
            for number, line in enumerate(token.string.splitlines(), token.start[0]):
                yield number, line


def prose_of_script(text):
    for number, line in enumerate(text.splitlines(), 1):
        if match := SCRIPT_COMMENT.search(line):
            yield number, match[1]


def names_of_source(text):
    for number, line in enumerate(text.splitlines(), 1):
        yield number, LITERAL.sub("", line)


def names_of_python(text):
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME:
            yield token.start[0], token.string


def bad_names(names, regex):
    for number, line in names:
        if match := regex.search(line):
            yield number, f"the name {match[0]}: say what it holds or does"


def complaints_about(path, root):
    text = path.read_text("utf-8")
    if path.suffix in {".hpp", ".cpp", ".mjs"}:
        prose, names = prose_of_source(text), names_of_source(text)
    elif path.suffix == ".py":
        prose, names = prose_of_python(text), names_of_python(text)
    elif path.suffix == ".md":
        prose, names = prose_of_page(text), ()
    else:
        prose, names = prose_of_script(text), ()
    for number, line in prose:
        for complaint in complaints(line):
            yield number, complaint
    yield from bad_names(names, OLD_NAME if root / "include" in path.parents else OLD_NAME_OR_UNIT)


def check(root):
    paths = source_tree.sources(root, *FOLDERS) + source_tree.files(root, "docs", {".md"})
    paths += [root / page for page in PAGES if (root / page).exists()]
    for folder in SCRIPTS:
        paths += source_tree.files(root, folder, {".py", ".mjs", ".sh", ".cmake", ".txt", ""})
    for path in paths:
        for number, complaint in complaints_about(path, root):
            yield f"{path.relative_to(root)}:{number}: {complaint}"


if __name__ == "__main__":
    source_tree.main(check)
