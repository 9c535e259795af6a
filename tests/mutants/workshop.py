# SPDX-License-Identifier: BSL-1.0
"""Compiles, links and runs one test file, with or without a changed header, as fast as possible.

clang++ is used if it is installed, because at -O0 it needs a third of the time of g++. The headers of Catch2
and of the standard library that all tests include are compiled once.
"""

import os
import pathlib
import re
import shutil
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "include/hawser"
TESTS = ROOT / "tests"

CLANG = shutil.which("clang++") is not None
COMPILER = ["clang++" if CLANG else "g++", "-std=c++20", "-O0", "-w", "-D_GLIBCXX_ASSERTIONS",
            f'-DHAWSER_SOURCE_DIR="{ROOT}"', "-ferror-limit=5" if CLANG else "-fmax-errors=5"]
# As in tests/CMakeLists.txt
LINK = {"base": ["-Wl,--wrap=getrandom,--wrap=read,--wrap=open,--wrap=pthread_atfork"]}
# The tests for all drivers are one program with the drivers: here with the one that does not need asio/.
WITH = {"drivers": [f"drivers/{one}.cpp" for one in ("closing", "failing", "liveness", "messages", "timeouts")]}
ARGUMENTS = {"drivers": ["~[handlers]"]}

# The messages of the compilers for a failed static_assert and for a constant that is not constant.
REFUSED = re.compile(r"static assertion failed|static_assert failed|non-constant condition|"
                     r"constant expression|call to non-.constexpr")

# Limits that no passing test reaches. A change whose test exceeds one of them counts as noticed.
SECONDS = 60  # for the whole test
IDLE_SECONDS = 10  # while all threads wait
CPU_SECONDS = 20  # of processor time
KILOBYTES = 4 * 1024 * 1024  # of memory

STANDARD = ("algorithm", "array", "atomic", "charconv", "chrono", "condition_variable", "deque", "functional",
            "map", "memory", "mutex", "optional", "random", "set", "span", "string", "system_error",
            "thread", "variant", "vector")
CATCH = ('#if __has_include(<catch2/catch.hpp>)\n#include <catch2/catch.hpp>\n#else\n'
         '#include <catch2/catch_all.hpp>\n#endif\n')


def included(path, known={}):
    """{our header that a file includes: number of include steps}"""
    if path not in known:
        steps = {}
        for name in re.findall(r'^#include "([^"]+)"', path.read_text(), re.MULTILINE):
            for base in (ROOT / "include", TESTS):
                if (base / name).exists():
                    further = {one: more + 1 for one, more in included(base / name).items()}
                    for one, more in {**further, base / name: 1}.items():
                        steps[one] = min(more, steps.get(one, more))
        known[path] = steps
    return known[path]


def folder_of(source):
    return source.relative_to(TESTS).parts[0]


def activity(pid):
    """(processor time of a process, whether one of its threads is not waiting)"""
    threads = list(pathlib.Path(f"/proc/{pid}/task").glob("*/stat"))
    used, runnable = 0, not threads  # Where there is no /proc
    for path in threads:
        try:
            values = path.read_text().rpartition(")")[2].split()
        except OSError:  # The thread has ended.
            continue
        used += int(values[11]) + int(values[12])
        runnable |= values[0] != "S"
    return used, runnable


def sources_of(test):
    """The sources of a program besides main(), the file of its name first."""
    return [test, *(TESTS / one for one in WITH.get(folder_of(test), []))]


class Prepared:
    """Compiles once for all changes: a precompiled header, main() and sources without the changed header."""

    def __init__(self, build):
        self.build = build
        self.lock = threading.Lock()
        self.objects = {}
        build.mkdir(parents=True, exist_ok=True)
        source = build / "main.cpp"
        source.write_text('#define CATCH_CONFIG_MAIN\n#if __has_include(<catch2/catch.hpp>)\n'
                          '#include <catch2/catch.hpp>\n#else\n'
                          '#include <catch2/catch_session.hpp>\n'
                          'int main(int n, char** v) { return Catch::Session().run(n, v); }\n'
                          '#endif\n')
        self.main = build / "main.o"
        subprocess.run([*COMPILER, "-c", source, "-o", self.main], check=True)
        self.prelude = build / "prelude.hpp"
        self.prelude.write_text(CATCH + "".join(f"#include <{one}>\n" for one in STANDARD))
        subprocess.run([*COMPILER, *(["-fpch-instantiate-templates"] if CLANG else []), "-x", "c++-header",
                        self.prelude, "-o", f"{self.prelude}.{'pch' if CLANG else 'gch'}"], check=True)

    def command(self, source, into, first=None):
        """Compiles a source. Headers in the folder `first` precede all others."""
        return [*COMPILER, "-include", self.prelude, *([f"-I{first}"] if first else []),
                f"-I{ROOT / 'include'}", f"-I{TESTS}", "-c", source, "-o", into]

    def object_of(self, source):
        """The object of a source that the change does not affect."""
        with self.lock:
            if source not in self.objects:
                into = self.build / ("-".join(source.relative_to(TESTS).with_suffix("").parts) + ".o")
                subprocess.run(self.command(source, into), check=True)
                self.objects[source] = into
        return self.objects[source]


class Workshop:
    """A folder where one thread applies a change, compiles and runs."""

    def __init__(self, folder, prepared):
        self.folder = folder
        self.prepared = prepared
        self.header = None
        (folder / "hawser").mkdir(parents=True, exist_ok=True)

    def apply(self, header, mutation):
        lines = header.read_text().splitlines(keepends=True)
        lines[mutation.line - 1] = mutation.after + "\n"
        for old in (self.folder / "hawser").rglob("*.hpp"):
            old.unlink()
        place = self.folder / header.relative_to(ROOT / "include")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("".join(lines))
        self.header = header

    def compile(self, source, changed):
        """The object of a test file, or the compiler's errors."""
        if self.header not in included(source):
            return self.prepared.object_of(source), ""
        into = self.folder / (source.stem + ".o")
        command = self.prepared.command(source, into, self.folder if changed else None)
        done = subprocess.run(command, capture_output=True, text=True)
        return (into, "") if done.returncode == 0 else (None, done.stderr)

    def passes(self, test, changed):
        """(whether the test passes, the compiler's errors if it does not compile)."""
        objects = []
        for source in sources_of(test):
            made, complaint = self.compile(source, changed)
            if made is None:
                return False, complaint
            objects.append(made)
        program = self.folder / "program"
        folder = folder_of(test)
        linked = subprocess.run([COMPILER[0], *objects, self.prepared.main, "-o", program, "-pthread", "-lz",
                                 *LINK.get(folder, [])], capture_output=True, text=True)
        if linked.returncode != 0:
            return False, linked.stderr
        return self.runs(program, ARGUMENTS.get(folder, [])), ""

    def runs(self, program, arguments):
        """Runs a program in its own process group, so that no process is left."""
        limits = f'ulimit -t {CPU_SECONDS} && ulimit -v {KILOBYTES} && ulimit -c 0 && exec "$0" --abort "$@"'
        running = subprocess.Popen(["sh", "-c", limits, program, *arguments], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
                                   start_new_session=True, cwd=self.folder)
        begun = moved = time.monotonic()
        used = -1
        while time.monotonic() - begun < SECONDS and time.monotonic() - moved < IDLE_SECONDS:
            try:
                return running.wait(timeout=0.2) == 0
            except subprocess.TimeoutExpired:
                before, (used, runnable) = used, activity(running.pid)
                if runnable or used != before:
                    moved = time.monotonic()
        os.killpg(running.pid, 9)
        running.wait()
        return False
