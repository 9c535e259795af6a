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


def send_once(client, url):
    done = subprocess.run(
        [client, url, "--once", TEXT], capture_output=True, encoding="utf-8", timeout=SECONDS
    )
    if done.returncode != 0 or done.stdout != TEXT + "\n":
        fail(f"the echo of {TEXT!r} was {done.stdout!r}: {done.returncode}, {done.stderr}")


def send_lines(client, url):
    pipe = subprocess.PIPE
    with subprocess.Popen([client, url], stdin=pipe, stdout=pipe, encoding="utf-8") as running:
        for line in LINES:
            running.stdin.write(line + "\n")
            running.stdin.flush()
            echo = running.stdout.readline()
            if echo != line + "\n":
                running.kill()
                fail(f"{line[:20]!r} came back as {echo[:20]!r}")
        running.stdin.close()
        if running.wait(SECONDS) != 0:
            fail(f"the client ended with {running.returncode}")


def main(server, client):
    with subprocess.Popen([server, "0"], stdout=subprocess.PIPE, encoding="utf-8") as running:
        try:
            first = running.stdout.readline()
            port = re.search(r":(\d+)\b", first)
            if not port:
                fail(f"the first line does not name the port: {first!r}")
            url = f"ws://127.0.0.1:{port[1]}/"
            send_once(client, url)
            send_lines(client, url)
            running.send_signal(signal.SIGINT)
            if running.wait(SECONDS) != 0:
                fail(f"ended with {running.returncode} on SIGINT")
        finally:
            running.kill()


if __name__ == "__main__":
    main(*sys.argv[1:])
