# SPDX-License-Identifier: BSL-1.0
"""Each check is silent on a small tree that keeps the rules, and finds each violation planted there."""

import pathlib
import subprocess
import sys
import tempfile

import formatting

CHECKS = pathlib.Path(__file__).parent
TOP = "// SPDX-License-Identifier: BSL-1.0\n"
HEADER = TOP + "#pragma once\n"
ERRORS = HEADER + "\nenum class errc {\n  closed = 1,  ///< Over\n};\nenum class condition {\n  over,\n};\n"

KEPT = {
    "README.md": "<!-- examples/echo.cpp -->\n```cpp\nreturn 0;\n```\n",
    "docs/errors.md": "| `closed` | over |\n",
    "examples/echo.cpp": TOP + "\nint main() {\n  return 0;\n}\n",
    "include/hawser/asio.hpp": HEADER + '\n#include "hawser/asio/stream.hpp"\n',
    "include/hawser/asio/stream.hpp": HEADER + '\n#include <asio/read.hpp>\n\n#include "hawser/base/error.hpp"\n',
    "include/hawser/base/error.hpp": ERRORS,
    "include/hawser/frame/header.hpp": HEADER + "\n// RFC 6455 §5.2\n",
    "include/hawser/hawser.hpp": HEADER + '\n#include "hawser/base/error.hpp"\n#include "hawser/frame/header.hpp"\n',
    "include/hawser/version.hpp": HEADER + "\n#define HAWSER_VERSION 100\n",
    "tests/asio/stream.cpp": TOP + '#include "hawser/asio/stream.hpp"\n',
    "tests/base/error.cpp": TOP + '#include "hawser/base/error.hpp"\n',
    "tests/frame/header.cpp": TOP + '#include "hawser/frame/header.hpp"\n',
    "build/dev/tests/base_tests": "\x7fELF",
}
FRAME = "include/hawser/frame/header.hpp"
FORMATTED = {".clang-format": "BasedOnStyle: Google\n", FRAME: HEADER + "\nint x;\n"}

# check: (file, its new text, what the complaint says)
PLANTED = {
    "back_doors": [
        (FRAME, HEADER + "class header {\n  friend class header_test;\n};\n", "friend class"),
        (FRAME, HEADER + "class header {\n  friend header_test;\n};\n", "friend header_test"),
        ("tests/frame/header.cpp", "#define private public\n", "define private"),
    ],
    "dependencies": [
        (FRAME, HEADER + "#include <asio/buffer.hpp>\n", "stray"),
        (FRAME, HEADER + "#include <sys/socket.h>\n", "stray"),
        (FRAME, HEADER + "#include <regex>\n", "too slow"),
        (FRAME, HEADER + '#include "mask.hpp"\n', "included as"),
        ("include/hawser/hawser.hpp", HEADER + "#include <asio/buffer.hpp>\n", "stray"),
        ("include/hawser/base/simd.hpp", HEADER + "#include <asio/buffer.hpp>\n", "stray"),
    ],
    "errors_page": [
        ("docs/errors.md", "# Errors\n", "does not name"),
        ("docs/errors.md", "| `closed` |\n| `clsoed` |\n", "no errc"),
    ],
    "first_line": [
        (FRAME, "#pragma once\n", "first line"),
        (FRAME, TOP + "#ifndef HEADER\n", "pragma once"),
        (FRAME, HEADER + "constexpr auto word = \"§\";\n", "ASCII"),
    ],
    "formatting": [(FRAME, HEADER + "\nint  x;\n", "not formatted")],
    "layers": [
        (FRAME, HEADER + '#include "hawser/protocol/event.hpp"\n', "may not include"),
        (FRAME, HEADER + '#include "hawser/hawser.hpp"\n', "may not include"),
        ("include/hawser/util/text.hpp", HEADER, "not a layer"),
    ],
    "leftovers": [
        ("tests/frame/header.cpp", TOP + "// TO" "DO: more\n", "TO" "DO"),
        ("tests/frame/a.out", "\x7fELF\x02", "ELF"),
    ],
    "mirror": [
        ("tests/frame/mask.cpp", TOP, "there is no include"),
        ("include/hawser/frame/mask.hpp", HEADER, "there is no tests"),
        ("tests/frame/header.cpp", TOP + '#include "hawser/base/error.hpp"\n', "comes first"),
    ],
    "preprocessor": [
        (FRAME, HEADER + "#define HAWSER_LIMIT 1\n", "define"),
        (FRAME, HEADER + "  # ifdef _WIN32\n", "ifdef"),
    ],
    "sans_io": [
        (FRAME, HEADER + "auto now = std::chrono::steady_clock::now();\n", "now()"),
        (FRAME, HEADER + "std::mutex lock;\n", "mutex"),
        (FRAME, HEADER + "std::atomic<int> count;\n", "atomic"),
    ],
    "size": [(FRAME, HEADER + "\n" * 399, "401 lines")],
    "snippets": [
        ("README.md", "<!-- examples/echo.cpp -->\n```cpp\nreturn 1;\n```\n", "not in"),
        ("docs/start.md", "<!-- examples/gone.cpp -->\n```cpp\nreturn 0;\n```\n", "there is no"),
    ],
    "umbrellas": [
        ("include/hawser/hawser.hpp", HEADER, "does not include"),
        ("include/hawser/asio.hpp", HEADER, "does not include"),
    ],
}


def plant(root, tree):
    for name, text in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def run(check, tree):
    """(exit code, output) of the check as ctest runs it."""
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        plant(root, tree)
        done = subprocess.run(
            [sys.executable, CHECKS / f"{check}.py", root], capture_output=True, text=True
        )
        return done.returncode, done.stdout + done.stderr


def failures():
    checks = {path.stem for path in CHECKS.glob("*.py")} - {"selftest", "source_tree"}
    for check in sorted(checks ^ PLANTED.keys()):
        yield f"{check}: a check and no planted violation, or the other way round"
    for check in sorted(checks & PLANTED.keys()):
        tree = KEPT
        if check == "formatting":
            if formatting.clang_format() is None:
                continue
            tree = FORMATTED
        code, told = run(check, tree)
        if code != 0 or told:
            yield f"{check}: not silent where the rule is kept: {told}"
        for name, text, complaint in PLANTED[check]:
            code, told = run(check, {**tree, name: text})
            if code != 1 or complaint not in told or pathlib.Path(name).name not in told:
                yield f"{check}: missed {text!r} in {name}: exit {code}, {told!r}"


if __name__ == "__main__":
    found = list(failures())
    print("".join(line + "\n" for line in found), end="")
    sys.exit(1 if found else 0)
