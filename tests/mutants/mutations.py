# SPDX-License-Identifier: BSL-1.0
"""Finds all changes of one operator, constant or statement in a header.

clang-format puts spaces on both sides of a binary operator and none at the angle brackets of a template. So
one line is enough to recognise an operator.
"""

import dataclasses
import re

OPERATORS = {
    "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==",
    "+": "-", "-": "+", "*": "+", "/": "*", "%": "*",
    "&&": "||", "||": "&&", "&": "|", "|": "&", "^": "|", "<<": ">>", ">>": "<<",
    "+=": "-=", "-=": "+=", "|=": "&=", "&=": "|=", "^=": "|=", "<<=": ">>=", ">>=": "<<=",
}
BINARY = re.compile(r"(?<=[\w)\]}'\"]) (" + "|".join(
    re.escape(one) for one in sorted(OPERATORS, key=len, reverse=True)) + r") (?=[\w({*&!~'\"-])")
STEP = re.compile(r"\+\+|--(?!>)")
NEGATION = re.compile(r"(?<![\w)\]])!(?=[\w(])")
BOOLEAN = re.compile(r"\b(true|false)\b")
NUMBER = re.compile(r"(?<![\w.'])(0[xX][0-9a-fA-F']+|\d[\d']*)(?=[uUlL]*\b)(?![.'])")

# Lines that compute nothing, or nothing that a test could observe.
PASSED_BY = re.compile(
    r"^\s*(#|//|using |namespace |template |static_assert|friend |concept |requires |public:|private:|"
    r"protected:|case |default:|enum |class |struct |\w+ = default|~)|\bconcept\b|\brequires\b|"
    r"operator(<|=|==|<=>|\+|-)|\bnoexcept\(|alignas")

# A call, an assignment or an increment alone on a line, or after a condition.
CALL = r"(?:[\w:.>\-*()\[\]]|<[\w:, ]*>)+\(.*\);"
ASSIGNMENT = r"[\w.>\-*()\[\]]+ [-+*/%&|^]?(?:<<|>>)?= [^=].*;"
STATEMENT = re.compile(rf"^(\s+)(?!return\b|if\b|for\b|while\b|else\b|throw\b|co_)"
                       rf"({CALL}|{ASSIGNMENT}|(?:\+\+|--)[\w.>\-\[\]]+;)\s*(?://.*)?$")
GUARDED = re.compile(r"^(\s+)if \((?!constexpr)(.*)\) ([^{]*;)\s*$")


@dataclasses.dataclass(frozen=True)
class Mutation:
    """One line of a header, and the changed line."""

    line: int
    before: str
    after: str

    @property
    def key(self):
        """A key that does not change when other lines are added."""
        return self.before.strip(), self.after.strip()


def blank(match):
    return " " * len(match[0])


def code_of(line):
    """The line with spaces instead of its comment, string literals and attributes, so that columns stay."""
    line = re.sub(r'"(?:\\.|[^"\\])*"', lambda m: '"' + " " * (len(m[0]) - 2) + '"', line)
    line = re.sub(r"\[\[.*?\]\]", blank, line)
    return re.sub(r"//.*$", blank, line)


def balanced(text):
    return text.count("(") == text.count(")") and text.count("{") == text.count("}")


def number_plus_one(text):
    value = int(text.replace("'", ""), 0)
    return hex(value + 1) if text[:2] in ("0x", "0X") else str(value + 1)


def within_line(code):
    """(from, to, new text) for each operator and constant of a line."""
    for match in BINARY.finditer(code):
        yield match.start(1), match.end(1), OPERATORS[match[1]]
    for match in STEP.finditer(code):
        yield match.start(), match.end(), "--" if match[0] == "++" else "++"
    for match in NEGATION.finditer(code):
        yield match.start(), match.end(), ""
    for match in BOOLEAN.finditer(code):
        yield match.start(), match.end(), "false" if match[0] == "true" else "true"
    for match in NUMBER.finditer(code):
        yield match.start(1), match.end(1), number_plus_one(match[1])


def is_statement_start(previous):
    """Whether the text before a line ends a statement, so that the line begins one."""
    return not previous or previous.endswith((";", "{", "}", ":")) and not previous.startswith("for (")


def mutations(text):
    """All changes of a header, in the order of its lines."""
    previous = ""
    depth_of_requires = 0
    for number, line in enumerate(text.splitlines(), 1):
        code = code_of(line)
        if re.search(r"\brequires\b.*[({]$", code.rstrip()):
            depth_of_requires = 1
        if depth_of_requires:
            if code.strip() in ("}", "};") or code.rstrip().endswith("};"):
                depth_of_requires = 0
            continue
        if code.strip() and not PASSED_BY.search(code):
            for begin, end, new in within_line(code):
                yield Mutation(number, line, line[:begin] + new + line[end:])
            guarded = GUARDED.match(code)
            statement = STATEMENT.match(code)
            if guarded and balanced(guarded[2]) and balanced(guarded[3]):
                yield Mutation(number, line, f"{guarded[1]}// {line.strip()}")
            elif statement and balanced(code) and is_statement_start(previous):
                yield Mutation(number, line, f"{statement[1]};  // {line.strip()}")
        if code.strip():
            previous = code.strip()
