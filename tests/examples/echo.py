# SPDX-License-Identifier: BSL-1.0
"""echo.py SERVER CLIENT: the client gets back from the server what it sends.

The server is given port 0 and says first where it listens; it ends in good order on SIGINT.
"""

import re
import signal
import subprocess
import sys

TEXT = "ahoy, ἀγκύρα ⚓"
LINES = ["one", "", "two " * 20_000, "τρία"]
SECONDS = 20


def fail(why):
    sys.exit(f"{sys.argv[1]}: {why}")


def run(client, arguments, sent):
    done = subprocess.run(
        [client, *arguments], input=sent, capture_output=True, encoding="utf-8", timeout=SECONDS
    )
    if done.returncode != 0:
        fail(f"the client ended with {done.returncode}: {done.stderr}")
    return done.stdout


def converse(client, url):
    echo = run(client, [url, "--once", TEXT], "")
    if echo != TEXT + "\n":
        fail(f"the echo of {TEXT!r} was {echo!r}")
    echoes = run(client, [url], "".join(line + "\n" for line in LINES))
    if echoes != "".join(line + "\n" for line in LINES):
        fail(f"the lines came back as {echoes[:200]!r}")


def main(server, client):
    with subprocess.Popen([server, "0"], stdout=subprocess.PIPE, encoding="utf-8") as running:
        try:
            first = running.stdout.readline()
            port = re.search(r":(\d+)\b", first)
            if not port:
                fail(f"the first line does not name the port: {first!r}")
            converse(client, f"ws://127.0.0.1:{port[1]}/")
            running.send_signal(signal.SIGINT)
            if running.wait(SECONDS) != 0:
                fail(f"ended with {running.returncode} on SIGINT")
        finally:
            running.kill()


if __name__ == "__main__":
    main(*sys.argv[1:])
