# SPDX-License-Identifier: BSL-1.0
"""echo.py SERVER CLIENT: the client gets back from the server what it sends."""

import subprocess
import sys

from running_server import SECONDS, running_server

TEXT = "ahoy, ἀγκύρα ⚓"
LINES = ["one", "", "two " * 20_000, "τρία"]


def send_once(client, url):
    command = [client, url, "--once", TEXT]
    echo = subprocess.check_output(command, encoding="utf-8", timeout=SECONDS)
    assert echo == TEXT + "\n", f"{TEXT!r} came back as {echo!r}"


def send_lines(client, url):
    pipe = subprocess.PIPE
    with subprocess.Popen([client, url], stdin=pipe, stdout=pipe, encoding="utf-8") as running:
        for line in LINES:
            running.stdin.write(line + "\n")
            running.stdin.flush()
            echo = running.stdout.readline()
            assert echo == line + "\n", f"{line[:20]!r} came back as {echo[:20]!r}"
        running.stdin.close()
        assert running.wait(SECONDS) == 0, f"the client ended with {running.returncode}"


def main(server, client):
    with running_server(server, "0") as url:
        send_once(client, url)
        send_lines(client, url)


if __name__ == "__main__":
    main(*sys.argv[1:])
