# SPDX-License-Identifier: BSL-1.0
"""run.py BUILD [N] [SEED] [HEADER...] [-j JOBS]: checks whether the tests detect errors in headers.

Takes N changes of one operator, constant or statement of each layer below asio/ (mutations.py), drawn
by SEED, applies each alone, and compiles and runs the five tests nearest to the header until one fails: the header's
own first, then those that include it by the fewest steps. Prints the result of each change, the share of detected
changes for each layer, and the changes that no test detected. A change that does not compile counts as detected if a
static_assert refused it; otherwise another one is drawn. equivalent.txt lists changes without an effect that a
caller can observe, with the reason.

Fails if less than 98 % of the others were detected, or a test fails without a change. With HEADERs (base/utf8) or layers (base), only these
are changed. JOBS changes are tried at a time, by default one for each processor.
"""

import argparse
import collections
import concurrent.futures
import functools
import hashlib
import os
import pathlib
import re
import resource
import sys
import threading
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "cmake/checks"))

import mirror
import mutations
from workshop import INCLUDE, REFUSED, ROOT, TESTS, Prepared, Workshop, included, sources_of

LAYERS = ("base", "frame", "handshake", "protocol", "transport", "deflate")
# Folders of tests. No test that needs asio/, because the core must be proved without it.
FOLDERS = (*LAYERS, "rfc6455", "rfc7692", "drivers")
NEAREST = 5  # The number of tests that are tried: a change that only others detect counts as not noticed.
REQUIRED = 0.98


@functools.cache
def programs():
    """{test file: {header: number of include steps to it}}, without those that need Asio."""
    found = {}
    for folder in FOLDERS:
        paths = [TESTS / "drivers/websocket.cpp"] if folder == "drivers" else (TESTS / folder).rglob("*.cpp")
        for path in sorted(paths):
            steps = {}
            for source in sources_of(path):
                for header, more in included(source).items():
                    steps[header] = min(more, steps.get(header, more))
            if not any(header.is_relative_to(INCLUDE / "asio") for header in steps):
                found[path] = steps
    return found


def tests_of(header):
    """The test files nearest to a header, in the order in which they are tried."""
    found = []
    name = header.relative_to(INCLUDE).with_suffix("").as_posix()
    for path, steps in programs().items():
        if header in steps:
            own = path.relative_to(TESTS).with_suffix("").as_posix() == mirror.ELSEWHERE.get(name, name)
            found.append((not own, steps[header], len(steps), path))
    return [path for *_, path in sorted(found)][:NEAREST]


class Trial:
    """Tries changes in parallel."""

    def __init__(self, build):
        self.build = build
        self.healthy = {}
        self.local = threading.local()
        self.prepared = Prepared(build)

    def workshop(self):
        if not hasattr(self.local, "workshop"):
            self.local.workshop = Workshop(self.build / str(threading.get_ident()), self.prepared)
        return self.local.workshop

    def is_healthy(self, test):
        """Whether a test passes without a change: otherwise it would fail with every change."""
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
    """Entries whose line is not in its header, or more than once."""
    for header, before, _ in known:
        path = INCLUDE / f"{header}.hpp"
        lines = [line.strip() for line in path.read_text().splitlines()] if path.exists() else []
        if lines.count(before) != 1:
            yield f"equivalent.txt: {header} has {lines.count(before)} lines: {before}"


def candidates(layer, wanted):
    found = []
    for header in sorted((INCLUDE / layer).rglob("*.hpp")):
        name = header.relative_to(INCLUDE).with_suffix("").as_posix()
        if not wanted or name in wanted or layer in wanted:
            found += [(name, header, one) for one in mutations.mutations(header.read_text())]
    return found


def drawn(seed, found):
    """The changes in the order of a seed, which does not depend on the rest of the headers."""
    times = collections.Counter()

    def place(one):
        name, _, mutation = one
        times[name, mutation.key] += 1
        return hashlib.sha256(repr((seed, name, mutation.key, times[name, mutation.key])).encode()).digest()

    return sorted(found, key=place)


def sample(trial, layer, count, seed, wanted, known, pool):
    """(name, change, outcome) of `count` changes that compile or that a static_assert refuses."""
    pending = [one for one in drawn(seed, candidates(layer, wanted))
               if (one[0], *one[2].key) not in known]
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


def parse_arguments():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("count", type=int, nargs="?", default=50)
    parser.add_argument("seed", type=int, nargs="?", default=1)
    parser.add_argument("headers", nargs="*")
    parser.add_argument("-j", dest="jobs", type=int, default=os.cpu_count())
    return parser.parse_args()


def minutes(begun):
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (f"{(time.monotonic() - begun) / 60:.0f} minutes, "
            f"{(used.ru_utime + used.ru_stime) / 60:.0f} of a processor")


def main():
    arguments = parse_arguments()
    count, seed, wanted = arguments.count, arguments.seed, set(arguments.headers)
    known = equivalents()
    complaints = list(stale(known))
    begun = time.monotonic()
    trial = Trial(arguments.build.resolve())
    survivors = []
    scores = collections.OrderedDict()
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
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
          f"seed {seed}, {minutes(begun)}")
    print("".join(line + "\n" for line in complaints), end="")
    healthy = all(trial.healthy.values())
    return 1 if complaints or not healthy or noticed < REQUIRED * tried or tried == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
