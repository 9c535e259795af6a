# SPDX-License-Identifier: BSL-1.0
"""hello.py SERVER CLIENT: the two programs that the README opens with, as they stand."""

import re
import signal
import subprocess
import sys

SECONDS = 20


def main(server, client):
    with subprocess.Popen([server], stdout=subprocess.PIPE, encoding="utf-8") as running:
        try:
            url = running.stdout.readline().strip()
            if not re.fullmatch(r"ws://127\.0\.0\.1:\d+/", url):
                sys.exit(f"the server's first line is not its URL: {url!r}")
            done = subprocess.run(
                [client, url], capture_output=True, encoding="utf-8", timeout=SECONDS
            )
            if (done.returncode, done.stdout, done.stderr) != (0, "ahoy\n", ""):
                sys.exit(f"the client: {done}")
            running.send_signal(signal.SIGINT)
            if running.wait(SECONDS) != 0:
                sys.exit(f"the server ended with {running.returncode} on SIGINT")
        finally:
            running.kill()


if __name__ == "__main__":
    main(*sys.argv[1:])
