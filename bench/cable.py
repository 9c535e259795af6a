# SPDX-License-Identifier: BSL-1.0
"""cable.py FOLDER [ROUNDS [SUBSCRIBERS [BROADCASTS]]]: runs the programs of bench/cable.cpp in that folder with three servers
in turn: ours, one that broadcasts the same bytes as plain messages, and Rails', if Ruby has it. Prints the median of
each figure."""

import collections
import os
import pathlib
import re
import resource
import statistics
import subprocess
import sys

RAILS = pathlib.Path(__file__).parent.parent / "tests/interop/rails_cable.rb"
FIGURES = "deliveries/s", "server-ns/delivery", "p50-ms", "p95-ms", "p99-ms"
# Rails delivers so few that its bursts are a tenth.
SERVERS = {
    "hawser::cable": (["{folder}/cable_server"], 1),
    "plain messages": (["{folder}/cable_server", "plain"], 1),
    "Rails": (["/usr/bin/ruby", str(RAILS), "async"], 10),
}


def pin_to(processor):
    return lambda: os.sched_setaffinity(0, {processor})


def measure(folder, command, subscribers, broadcasts):
    command = [part.format(folder=folder) for part in command]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, preexec_fn=pin_to(0)
    ) as server:
        try:
            found = re.search(r"ws://127\.0\.0\.1:(\d+)/", server.stdout.readline())
            if not found:
                return None
            load = [f"{folder}/cable", found[1], str(server.pid), str(subscribers), str(broadcasts)]
            done = subprocess.run(load, check=True, stdout=subprocess.PIPE, text=True, preexec_fn=pin_to(1))
        finally:
            server.kill()
    return {name: float(value) for name, value in map(str.split, done.stdout.splitlines())}


def main(folder, rounds="3", subscribers="1000", broadcasts="1000"):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    figures = collections.defaultdict(list)
    for _ in range(int(rounds)):
        for name, (command, divisor) in SERVERS.items():
            got = measure(folder, command, int(subscribers), max(1, int(broadcasts) // divisor))
            if got:
                figures[name].append(got)
    print("| Server |", " | ".join(FIGURES), "|")
    print("|---|" + "--:|" * len(FIGURES))
    for name, rows in figures.items():
        print("|", name, "|", " | ".join(f"{statistics.median(row[key] for row in rows):,.3g}" if key.startswith("p")
              else f"{statistics.median(row[key] for row in rows):,.0f}" for key in FIGURES), "|")


if __name__ == "__main__":
    main(*sys.argv[1:])
