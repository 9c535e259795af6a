# SPDX-License-Identifier: BSL-1.0
"""Each check accepts a small tree that keeps the rules, and finds each violation that is added to it."""

import pathlib
import subprocess
import sys
import tempfile

import formatting

CHECKS = pathlib.Path(__file__).parent
TOP = "// SPDX-License-Identifier: BSL-1.0\n"
HEADER = TOP + "#pragma once\n"
ERRORS = """
enum class errc {
  closed = 1,  ///< Over
};

enum class condition {
  over,
};
"""
VERSION = """
#define HAWSER_VERSION 10203
inline constexpr const char* version = "1.2.3";
"""


def including(*headers):
    """A header that includes these, each with its brackets or quotes."""
    return HEADER + "".join(f"\n#include {name}" for name in headers) + "\n"


KEPT = {
    "README.md": "<!-- examples/echo.cpp -->\n```cpp\nreturn 0;\n```\n",
    "docs/errors.md": "| `closed` | over |\n",
    "examples/echo.cpp": TOP + "\nint main() {\n  return 0;\n}\n",
    "include/hawser/asio.hpp": including('"hawser/asio/stream.hpp"'),
    "include/hawser/asio/stream.hpp": including("<asio/read.hpp>", '"hawser/base/error.hpp"'),
    "include/hawser/base/errc.hpp": HEADER + ERRORS,
    "include/hawser/base/error.hpp": including('"hawser/base/errc.hpp"'),
    "include/hawser/frame/header.hpp": HEADER + "\n// RFC 6455 §5.2\n",
    "include/hawser/hawser.hpp": including(
        '"hawser/base/errc.hpp"', '"hawser/base/error.hpp"', '"hawser/frame/header.hpp"'
    ),
    "include/hawser/testing.hpp": HEADER,
    "include/hawser/tls.hpp": HEADER,
    "include/hawser/deflate.hpp": HEADER,
    "include/hawser/pubsub.hpp": HEADER,
    "include/hawser/cable.hpp": HEADER,
    "include/hawser/credentials.hpp": HEADER,
    "include/hawser/redis.hpp": HEADER,
    "include/hawser/version.hpp": HEADER + VERSION,
    "tests/asio/stream.cpp": TOP + '#include "hawser/asio/stream.hpp"\n',
    "tests/base/error.cpp": TOP + '#include "hawser/base/error.hpp"\n',
    "tests/frame/header.cpp": TOP + '#include "hawser/frame/header.hpp"\n',
    "build/dev/tests/base_tests": "\x7fELF",
}
FRAME = "include/hawser/frame/header.hpp"
FORMATTED = {".clang-format": "BasedOnStyle: Google\n", FRAME: HEADER + "\nint x;\n"}

# check: (file, its new text, a part of the complaint)
PLANTED = {
    "back_doors": [
        (FRAME, HEADER + "class header {\n  friend class header_test;\n};\n", "friend class"),
        (FRAME, HEADER + "class header {\n  friend header_test;\n};\n", "friend header_test"),
        ("tests/frame/header.cpp", "#define private public\n", "define private"),
    ],
    "dependencies": [
        (FRAME, including("<asio/buffer.hpp>"), "stray"),
        (FRAME, including("<sys/socket.h>"), "stray"),
        (FRAME, including("<regex>"), "too slow"),
        (FRAME, including('"mask.hpp"'), "included as"),
        ("include/hawser/hawser.hpp", including("<asio/buffer.hpp>"), "stray"),
        ("include/hawser/base/simd.hpp", including("<asio/buffer.hpp>"), "stray"),
    ],
    "errors_page": [
        ("docs/errors.md", "# Errors\n", "does not name"),
        ("docs/errors.md", "| `closed` |\n| `clsoed` |\n", "no errc"),
        ("docs/errors.md", "| `closed` |\n| `cable::errc::lost` | Lost |\n", "no errc for the row"),
        ("include/hawser/cable/errc.hpp", HEADER + ERRORS, "has no row"),
    ],
    "first_line": [
        (FRAME, "#pragma once\n", "first line"),
        (FRAME, TOP + "#ifndef HEADER\n", "pragma once"),
        (FRAME, HEADER + "constexpr auto word = \"§\";\n", "ASCII"),
    ],
    "cycles": [(FRAME, including('"hawser/frame/header.hpp"'), "includes hawser/frame/header.hpp")],
    "formatting": [(FRAME, HEADER + "\nint  x;\n", "not formatted")],
    "layers": [
        (FRAME, including('"hawser/protocol/event.hpp"'), "may not include"),
        (FRAME, including('"hawser/hawser.hpp"'), "may not include"),
        ("include/hawser/util/text.hpp", HEADER, "not a layer"),
    ],
    "leftovers": [
        ("tests/frame/header.cpp", TOP + "// TO" "DO: more\n", "TO" "DO"),
        ("tests/frame/a.out", "\x7fELF\x02", "ELF"),
    ],
    "links": [
        ("docs/start.md", "[gone](gone.md)\n", "there is no"),
        ("docs/start.md", "# A\n\n[b](#b)\n", "no heading"),
        ("README.md", "[the\nerrors](docs/errors.md#codes)\n", "no heading"),
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
    "verification": [
        (FRAME, HEADER + "constexpr int mode = SSL_VERIFY_NONE;\n", "outside of"),
        ("examples/echo.cpp", "context.set_verify_mode(ssl::verify_none);\n", "outside of"),
    ],
    "voice": [
        (FRAME, HEADER + "int size;  // in octets\n", "say byte"),
        (FRAME, HEADER + "/// Reported to whoever asks.\n", "name the caller"),
        (FRAME, HEADER + "// Until the connection is over.\n", "has ended"),
        ("README.md", "The client is told 503.\n", "reported"),
        ("tests/frame/header.cpp", TOP + 'TEST_CASE("a time-out") {}\n', "timeout"),
        ("tests/frame/header.cpp", TOP + "std::string told_server;\n", "the name told"),
        ("tests/support/wire.hpp", HEADER + "using octets = int;\n", "the name octets"),
        ("tests/interop/peer.py", '"""A peer that tells.\n"""\n', "reported"),
        ("tests/interop/peer.py", "def heard(peer):\n    pass\n", "the name heard"),
        ("cmake/package.cmake", "# For whoever installs it.\n", "name the caller"),
        ("tests/run", "#!/bin/sh\n# Ends when the tests are over.\n", "has ended"),
    ],
    "version": [
        ("include/hawser/version.hpp", HEADER + VERSION.replace("2.3", "2.4"), "is not"),
        ("include/hawser/version.hpp", HEADER, "no version"),
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
        code, output = run(check, tree)
        if code != 0 or output:
            yield f"{check}: not silent where the rule is kept: {output}"
        for name, text, complaint in PLANTED[check]:
            code, output = run(check, {**tree, name: text})
            if code != 1 or complaint not in output or pathlib.Path(name).name not in output:
                yield f"{check}: missed {text!r} in {name}: exit {code}, {output!r}"


if __name__ == "__main__":
    found = list(failures())
    print("".join(line + "\n" for line in found), end="")
    sys.exit(1 if found else 0)
