# SPDX-License-Identifier: BSL-1.0
"""deflate_echo.py PROGRAM: serves an echo, and as a client receives it compressed."""

import subprocess
import sys

from running_server import SECONDS, running_server

TEXT = "ahoy, ἀγκύρα ⚓ " * 100


def main(program):
    with running_server(program, "serve", "0") as url:
        client = subprocess.run(
            [program, "ask", url, TEXT],
            check=True,
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
        )
        assert client.stdout == f"permessage-deflate\n{TEXT}\n", f"the client printed {client.stdout!r}"


if __name__ == "__main__":
    main(*sys.argv[1:])
