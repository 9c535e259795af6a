# SPDX-License-Identifier: BSL-1.0
"""run.py BUILD [N] [SEED] [HEADER...]: do the tests notice when a header is wrong?

Takes N changes of one operator, constant or statement of each layer below asio/ (mutations.py), drawn
by SEED, applies each alone, and compiles and runs the tests that include the header until one fails: the header's
own first, then those that include the fewest headers. Prints what each change came to, the share that was
noticed by layer, and the changes that no test noticed. A change that does not compile is noticed if a
static_assert refused it; else another one is drawn. equivalent.txt lists changes that change nothing that
a caller could see, with the reason.

Fails if less than 98 % of the others were noticed. With HEADERs (base/utf8), only these are changed.
"""

import collections
import concurrent.futures
import os
import pathlib
import random
import re
import subprocess
import sys
import threading

import mutations

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "include/hawser"
TESTS = ROOT / "tests"
LAYERS = ("base", "frame", "handshake", "protocol", "negotiation", "transport", "deflate")
# Folders of tests. Not those of asio: the core has to be proved by its own.
FOLDERS = (*LAYERS, "rfc6455", "rfc7692", "drivers")
REQUIRED = 0.98
COMPILE = ["g++", "-std=c++20", "-O0", "-w", "-D_GLIBCXX_ASSERTIONS", "-DASIO_STANDALONE",
           f'-DHAWSER_SOURCE_DIR="{ROOT}"', "-fmax-errors=5"]
# As in tests/CMakeLists.txt
DEFINITIONS = {"drivers": ["-DASIO_DISABLE_EPOLL"]}
LINK = {"base": ["-Wl,--wrap=getrandom,--wrap=read"]}
WITH = {"drivers": ["simulation/program_clock.cpp"]}
REFUSED = re.compile(r"static assertion failed|non-constant condition|constant expression|"
                     r"call to non-.constexpr")
SECONDS = 60  # Longer than any test takes: a change that makes one wait for ever is noticed


def included(path, known={}):
    """All headers of ours that a file includes, directly and not."""
    if path not in known:
        known[path] = set()
        for name in re.findall(r'^#include "([^"]+)"', path.read_text(), re.MULTILINE):
            for base in (ROOT / "include", TESTS):
                if (base / name).exists():
                    known[path] |= {base / name} | included(base / name)
    return known[path]


def tests_of(header):
    """The test files that include a header, in the order in which they are tried."""
    found = []
    for rank, folder in enumerate(FOLDERS):
        for path in sorted((TESTS / folder).glob("*.cpp")):
            everything = included(path)
            if header in everything:
                own = path.relative_to(TESTS).with_suffix("") == \
                    header.relative_to(INCLUDE).with_suffix("")
                late = folder == "drivers"
                found.append((not own, late, len(everything), rank, path))
    return [path for *_, path in sorted(found)]


class Workshop:
    """Where one thread compiles and runs."""

    def __init__(self, folder, main):
        self.folder = folder
        self.main = main
        (folder / "hawser").mkdir(parents=True, exist_ok=True)

    def compile(self, source, changed):
        """The object of a test file, or what the compiler says."""
        folder = source.relative_to(TESTS).parts[0]
        into = self.folder / (source.stem + ".o")
        command = [*COMPILE, *DEFINITIONS.get(folder, []), *([f"-I{self.folder}"] if changed else []),
                   f"-I{ROOT / 'include'}", f"-I{TESTS}", "-c", source, "-o", into]
        done = subprocess.run(command, capture_output=True, text=True)
        return (into, "") if done.returncode == 0 else (None, done.stderr)

    def passes(self, test, changed):
        """(whether the test passes, what the compiler says if it does not compile)."""
        folder = test.relative_to(TESTS).parts[0]
        objects = []
        for source in [test, *(TESTS / one for one in WITH.get(folder, []))]:
            made, complaint = self.compile(source, changed)
            if made is None:
                return False, complaint
            objects.append(made)
        program = self.folder / "program"
        linked = subprocess.run(["g++", *objects, self.main, "-o", program, "-pthread", "-lz",
                                 *LINK.get(folder, [])], capture_output=True, text=True)
        if linked.returncode != 0:
            return False, linked.stderr
        return self.runs(program), ""

    def runs(self, program):
        """In a process group of its own, so that nothing of it is left."""
        running = subprocess.Popen([program, "--abort"], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
                                   start_new_session=True, cwd=self.folder)
        try:
            return running.wait(timeout=SECONDS) == 0
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, 9)
            running.wait()
            return False

    def apply(self, header, mutation):
        lines = header.read_text().splitlines(keepends=True)
        lines[mutation.line - 1] = mutation.after + "\n"
        for old in (self.folder / "hawser").rglob("*.hpp"):
            old.unlink()
        place = self.folder / header.relative_to(ROOT / "include")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("".join(lines))


class Trial:
    """Tries changes side by side."""

    def __init__(self, build):
        self.build = build
        self.healthy = {}
        self.lock = threading.Lock()
        self.local = threading.local()
        build.mkdir(parents=True, exist_ok=True)
        source = build / "main.cpp"
        source.write_text('#define CATCH_CONFIG_MAIN\n#if __has_include(<catch2/catch.hpp>)\n'
                          '#include <catch2/catch.hpp>\n#else\n'
                          '#include <catch2/catch_session.hpp>\n'
                          'int main(int n, char** v) { return Catch::Session().run(n, v); }\n'
                          '#endif\n')
        self.main = build / "main.o"
        subprocess.run([*COMPILE, "-c", source, "-o", self.main], check=True)

    def workshop(self):
        if not hasattr(self.local, "workshop"):
            self.local.workshop = Workshop(self.build / str(threading.get_ident()), self.main)
        return self.local.workshop

    def is_healthy(self, test):
        """Whether a test passes with no change: else it would notice anything."""
        if test not in self.healthy:
            passed, complaint = self.workshop().passes(test, changed=False)
            if not passed:
                print(f"{test.relative_to(ROOT)} fails without a change, and is not asked\n{complaint}")
            self.healthy[test] = passed
        return self.healthy[test]

    def outcome(self, header, mutation):
        """"noticed by …", "survived", or "invalid"."""
        workshop = self.workshop()
        workshop.apply(header, mutation)
        for test in tests_of(header):
            passed, complaint = workshop.passes(test, changed=True)
            name = test.relative_to(TESTS).with_suffix("")
            if complaint:
                return "noticed by the compiler" if REFUSED.search(complaint) else "invalid"
            if not passed and self.is_healthy(test):
                return f"noticed by {name}"
        return "survived"


def equivalents():
    """{(header, line, line as changed): reason}"""
    known = {}
    path = pathlib.Path(__file__).with_name("equivalent.txt")
    for block in re.split(r"\n\n+", path.read_text().strip()):
        lines = [line for line in block.splitlines() if not line.startswith("#")]
        if len(lines) >= 4:
            header, before, after, *reason = lines
            known[header, before.strip(), after.strip()] = " ".join(reason)
    return known


def stale(known):
    """Entries whose line is not in its header any more."""
    for header, before, _ in known:
        path = INCLUDE / f"{header}.hpp"
        if not path.exists() or before not in (line.strip() for line in path.read_text().splitlines()):
            yield f"equivalent.txt: {header} has no line: {before}"


def candidates(layer, wanted):
    found = []
    for header in sorted((INCLUDE / layer).glob("*.hpp")):
        name = f"{layer}/{header.stem}"
        if not wanted or name in wanted:
            found += [(name, header, one) for one in mutations.mutations(header.read_text())]
    return found


def sample(trial, layer, count, seed, wanted, known, pool):
    """(name, change, outcome) of `count` changes that compile or that a static_assert refuses."""
    pending = candidates(layer, wanted)
    random.Random(f"{seed} {layer}").shuffle(pending)
    pending = [one for one in pending if (one[0], *one[2].key) not in known]
    results = []
    while pending and len(results) < count:
        some, pending = pending[:count - len(results)], pending[count - len(results):]
        outcomes = pool.map(lambda one: trial.outcome(one[1], one[2]), some)
        for (name, _, mutation), outcome in zip(some, outcomes):
            if outcome != "invalid":
                results.append((name, mutation, outcome))
                print(f"{name}:{mutation.line}: {outcome}\n  - {mutation.before.strip()}\n"
                      f"  + {mutation.after.strip()}", flush=True)
    return results


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 50
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    wanted = set(sys.argv[4:])
    known = equivalents()
    complaints = list(stale(known))
    trial = Trial(build)
    survivors = []
    scores = collections.OrderedDict()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for layer in LAYERS:
            results = sample(trial, layer, count, seed, wanted, known, pool)
            lost = [one for one in results if one[2] == "survived"]
            survivors += lost
            if results:
                scores[layer] = (len(results) - len(lost), len(results))

    print("\nsurvivors:" + ("" if survivors else "\n  none"))
    for name, mutation, _ in survivors:
        print(f"{name}:{mutation.line}\n  - {mutation.before.strip()}\n  + {mutation.after.strip()}")
    noticed = sum(score[0] for score in scores.values())
    tried = sum(score[1] for score in scores.values())
    print()
    for layer, (some, all_of_layer) in scores.items():
        print(f"{some:4} of {all_of_layer:4} noticed  {100 * some / all_of_layer:5.1f} %  {layer}")
    print(f"{noticed:4} of {tried:4} noticed  {100 * noticed / max(1, tried):5.1f} %  together, "
          f"seed {seed}")
    print("".join(line + "\n" for line in complaints), end="")
    return 1 if complaints or noticed < REQUIRED * tried or tried == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
