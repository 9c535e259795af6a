# SPDX-License-Identifier: BSL-1.0
"""report.py COVERAGE.JSON: prints gcovr's counts, one line for each header and folder of include/hawser.

Fails if less than 98 % of the lines of the core and of deflate/ were run, if what was not is not
exactly what the table of docs/testing.md gives the reasons for, or if there is a statement that gcov
does not know, as in a template that nothing makes use of.
"""
import collections
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
REQUIRED = 0.98
GATED = ("base", "frame", "handshake", "protocol", "negotiation", "transport", "deflate")


class Count:
    def __init__(self):
        self.lines = self.run = self.branches = self.taken = 0

    def add(self, line):
        self.lines += 1
        self.run += line["count"] > 0
        self.branches += len(line["branches"])
        self.taken += sum(branch["count"] > 0 for branch in line["branches"])

    def __iadd__(self, other):
        self.lines += other.lines
        self.run += other.run
        self.branches += other.branches
        self.taken += other.taken
        return self

    def __str__(self):
        def share(part, whole):
            return f"{100 * part / whole:6.2f} %" if whole else "       -"

        return (f"{self.run:5} of {self.lines:5} lines {share(self.run, self.lines)}"
                f"  {self.taken:5} of {self.branches:5} branches {share(self.taken, self.branches)}")


def function_at(functions, number):
    """The name, without its scope and its arguments, of the function that a line is in."""
    before = [f for f in functions if f["lineno"] <= number]
    if not before:
        return "?"
    name = max(before, key=lambda f: f["lineno"])
    name = name.get("demangled_name") or name["name"]
    while True:
        simpler = re.sub(r"<[^<>]*>|\([^()]*\)|\[[^\[\]]*\]", "", name)
        if simpler == name:
            break
        name = simpler
    return name.replace(" const", "").split("::")[-1].split(" ")[-1]


def justified():
    """The number of lines of each function of a header that are not run according to the documentation."""
    rows = re.findall(r"^\| `(\w+/\w+)` \| `(\w+)` \| (\d+) \|",
                      (ROOT / "docs/testing.md").read_text(), re.MULTILINE)
    return {(header, function): int(lines) for header, function, lines in rows}


def unknown_statements(counted):
    """The lines of the headers that contain code to run but have no count."""
    for folder in GATED:
        for path in sorted((ROOT / "include/hawser" / folder).glob("*.hpp")):
            header = f"{folder}/{path.stem}"
            for number, line in enumerate(path.read_text().splitlines(), start=1):
                places = {(header, number), (header, number + line.endswith("("))}
                if re.match(r" +(return|if \(|switch \()", line) and not places & counted:
                    yield f"{header}:{number}: gcov does not know this statement: {line.strip()}"


def main():
    counted = set()
    folders = collections.defaultdict(Count)
    missing = collections.Counter()
    listing = []
    for file in json.loads(pathlib.Path(sys.argv[1]).read_text())["files"]:
        path = file["file"]
        header = path.removeprefix("include/hawser/").removesuffix(".hpp")
        folder = header.split("/")[0]
        source = (ROOT / path).read_text().splitlines()
        count = Count()
        for line in file["lines"]:
            if line.get("gcovr/noncode") or line.get("gcovr/excluded"):
                continue
            count.add(line)
            counted.add((header, line["line_number"]))
            if line["count"] == 0:
                number = line["line_number"]
                function = function_at(file["functions"], number)
                if folder in GATED:
                    missing[header, function] += 1
                listing.append(f"  {header}:{number} {function}: {source[number - 1].strip()}")
        folders[folder] += count
        print(f"{count}  {header}")

    print()
    gated = Count()
    for folder, count in folders.items():
        print(f"{count}  {folder}")
        if folder in GATED:
            gated += count
    print(f"{gated}  together, without asio and tls")
    print("\nlines not run:", *(listing or ["  none"]), sep="\n")

    failed = 0
    for complaint in unknown_statements(counted):
        print(complaint)
        failed = 1
    reasons = justified()
    for place in sorted(reasons.keys() | missing.keys()):
        if reasons.get(place, 0) != missing[place]:
            print(f"{place[0]}, {place[1]}: {missing[place]} lines are not run, docs/testing.md says "
                  f"{reasons.get(place, 0)}")
            failed = 1
    if gated.run < REQUIRED * gated.lines or gated.lines == 0:
        print(f"less than {REQUIRED:.0%} of the lines were run")
        failed = 1
    return failed


sys.exit(main())
