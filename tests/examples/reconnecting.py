# SPDX-License-Identifier: BSL-1.0
"""reconnecting.py SERVER CLIENT: the client reconnects when the server is restarted, and ends on SIGINT."""

import signal
import subprocess
import sys
import urllib.parse

from running_server import SECONDS, running_server


def main(server, client):
    with running_server(server, "0") as url:
        running = subprocess.Popen(
            [client, url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
        )
        first = running.stdout.readline()
    try:
        assert first == "subscribe\n", f"the client printed {first!r}"
        assert "; attempt 1 in " in running.stderr.readline()
        with running_server(server, str(urllib.parse.urlsplit(url).port)):
            again = running.stdout.readline()
            assert again == "subscribe\n", f"the client printed {again!r}"
            running.send_signal(signal.SIGINT)
            assert running.wait(SECONDS) == 0, f"the client ended with {running.returncode}"
    finally:
        running.kill()
        running.communicate()


if __name__ == "__main__":
    main(*sys.argv[1:])
