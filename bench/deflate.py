# SPDX-License-Identifier: BSL-1.0
"""deflate.py FOLDER [ROUNDS]: runs the deflate programs in that folder alternately, and prints the median of
each figure and its ratio to Boost.Beast's."""

import collections
import pathlib
import statistics
import subprocess
import sys

PROGRAMS = "deflate", "deflate_beast"
FIGURES = "µs an echo", "bytes on the wire", "bytes of memory"


def main(folder, rounds="5"):
    programs = [pathlib.Path(folder) / name for name in PROGRAMS]
    figures = collections.defaultdict(list)
    for _ in range(int(rounds)):
        for program in (path for path in programs if path.exists()):
            done = subprocess.run([program], check=True, capture_output=True, encoding="utf-8")
            for line in done.stdout.splitlines():
                library, case, *values = line.split()
                figures[case, library].append([float(value) for value in values])
    cases = list(dict.fromkeys(case for case, _ in figures))
    medians = {
        key: [statistics.median(column) for column in zip(*rows)]
        for key, rows in sorted(figures.items(), key=lambda item: cases.index(item[0][0]))
    }
    print("| Case | Library |", " | ".join(FIGURES), "|")
    print("|---|---|--:|--:|--:|")
    for (case, library), values in medians.items():
        beast = medians.get((case, "Boost.Beast"), values)
        cells = [f"{value:.1f} ({value / other:.2f})" for value, other in zip(values, beast)]
        print("|", case, "|", library, "|", " | ".join(cells), "|")


if __name__ == "__main__":
    main(*sys.argv[1:])
