# SPDX-License-Identifier: BSL-1.0
"""compile_time.py [ROUNDS [COMPILER]]: how long the compiler takes for units that use hawser. Prints the user time
of each, best of ROUNDS (default 3), and its ratio to an echo server of plain Asio in the same run.

The units are compiled by turns. Nothing else should run: user time grows when other programs use the caches.
"""

import pathlib
import resource
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
FLAGS = ["-std=c++20", "-DASIO_STANDALONE", "-DASIO_NO_DEPRECATED", f"-I{ROOT / 'include'}"]
COMPILED = "-DHAWSER_COMPILED"
PARSE = "-fsyntax-only"
PLAIN = "an echo server of plain Asio"
ECHO = "examples/event_echo_server.cpp"
CORE = "base", "frame", "handshake", "protocol", "negotiation", "transport"


def standard_headers():
    """Includes of the standard headers that the core includes."""
    lines = set()
    for folder in CORE:
        for header in (ROOT / "include/hawser" / folder).rglob("*.hpp"):
            text = header.read_text("utf-8").splitlines()
            lines.update(line for line in text if line.startswith("#include <") and ".h" not in line)
    return "\n".join(sorted(lines))


def including(name):
    return f'#include "{name}"\n'


def units():
    """(name, source, flags) of each unit."""
    echo = (ROOT / ECHO).read_text("utf-8")
    include = "#include <hawser/asio/server.hpp>"
    if include not in echo:
        sys.exit(f"{ECHO} does not contain {include}")
    umbrella = echo.replace(include, "#include <hawser/asio.hpp>")
    yield PLAIN, (ROOT / "bench/plain_asio_echo.cpp").read_text("utf-8"), ["-O2"]
    yield ECHO, echo, ["-O2"]
    yield f"{ECHO}, compiled", echo, ["-O2", COMPILED]
    yield "the same with hawser/asio.hpp", umbrella, ["-O2"]
    yield "the same with hawser/asio.hpp, compiled", umbrella, ["-O2", COMPILED]
    yield "standard headers of the core", standard_headers(), [PARSE]
    for header in "hawser.hpp", "asio/server.hpp", "asio/client.hpp", "asio/connect.hpp", "asio.hpp":
        yield f"hawser/{header}", including(f"hawser/{header}"), [PARSE]
    for header in "asio/server.hpp", "asio.hpp":
        yield f"hawser/{header}, compiled", including(f"hawser/{header}"), [PARSE, COMPILED]
    yield "asio.hpp of Asio", including("asio.hpp"), [PARSE]


def user_time(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    subprocess.run(command, check=True)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def main(rounds="3", compiler="g++"):
    best = {}
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "unit.cpp"
        for _ in range(int(rounds)):
            for name, text, flags in units():
                source.write_text(text, "utf-8")
                # The examples include a header beside them.
                command = [compiler, *FLAGS, f"-I{ROOT / 'examples'}", *flags, "-c", source]
                took = user_time([*command, "-o", pathlib.Path(folder) / "unit.o"])
                best[name] = min(took, best.get(name, took))
    print("| Unit | s | of plain Asio |\n|---|--:|--:|")
    for name, took in best.items():
        print(f"| {name} | {took:.2f} | {took / best[PLAIN]:.2f} |")


if __name__ == "__main__":
    main(*sys.argv[1:])
