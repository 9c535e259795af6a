# SPDX-License-Identifier: BSL-1.0
"""scripts.py ROOT: examples/run lists the examples, and tests/run the modes, with --help and for an unknown
name. Nothing is built."""

import pathlib
import re
import subprocess
import sys

from running_server import SECONDS


def run(*command, cwd=None):
    given = subprocess.run(
        command, capture_output=True, encoding="utf-8", timeout=SECONDS, cwd=cwd
    )
    return given.returncode, given.stdout, given.stderr


def main(root):
    root = pathlib.Path(root)
    examples = {source.stem for source in root.glob("examples/*.cpp")}
    code, output, errors = run("./run", "--help", cwd=root / "examples")  # from any folder
    assert (code, errors) == (0, ""), f"examples/run --help gave {code}, {errors!r}"
    listed = re.findall(r"^  (\w+) +[A-Z].*\.$", output, re.MULTILINE)
    assert sorted(listed) == sorted(examples), f"examples/run --help lists {listed}"
    for unknown in ("nonsense", "", "../examples/sans_io", "--nonsense", "run"):
        code, output, errors = run(root / "examples/run", unknown)
        assert (code, output) == (2, ""), f"examples/run {unknown} gave {code}, {output!r}"
        assert f"'{unknown}'" in errors and "\n  sans_io " in errors, f"it printed {errors!r}"

    code, usage, errors = run("./run", "--help", cwd=root / "tests")
    assert (code, errors) == (0, ""), f"tests/run --help gave {code}, {errors!r}"
    modes = re.findall(r"^  (\w+) .*\(\d+ (?:minutes?|hours?)\)$", usage, re.MULTILINE)
    script = (root / "tests/run").read_text("utf-8")
    last = script[script.rindex("case $mode in") :]
    handled = [one for line in re.findall(r"^  ([\w |]+)\)", last, re.MULTILINE) for one in line.split(" | ")]
    assert sorted(modes) == sorted(handled), f"tests/run --help lists {modes}, not {handled}"
    code, output, errors = run(root / "tests/run", "nonsense")
    assert (code, output) == (2, ""), f"tests/run nonsense gave {code}, {output!r}"
    assert "'nonsense'" in errors and usage in errors, f"it printed {errors!r}"


if __name__ == "__main__":
    main(*sys.argv[1:])
