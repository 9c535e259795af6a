# SPDX-License-Identifier: BSL-1.0
"""conformance.py CASE_SERVER CLIENT SERVER ASKER: the client runs all cases of a server and requests the
report; the server compresses its echoes."""

import re
import signal
import subprocess
import sys

sys.path.insert(0, sys.path[0] + "/../examples")
from running_server import SECONDS, running_server  # noqa: E402


def walk(case_server, client):
    with subprocess.Popen([case_server], stdout=subprocess.PIPE, encoding="utf-8") as server:
        try:
            url = re.search(r"ws://\S+", server.stdout.readline())[0]
            done = subprocess.run([client, url], stdout=subprocess.PIPE, timeout=SECONDS, check=True)
            assert done.stdout == b"3 cases\n", f"the client printed {done.stdout!r}"
            server.send_signal(signal.SIGINT)
            output = server.communicate(timeout=SECONDS)[0].splitlines()
        finally:
            server.kill()
    wanted = ["case 1 passed", "case 2 passed", "case 3 passed", "report for agent=hawser"]
    assert output == wanted, output


def main(case_server, client, server, asker):
    walk(case_server, client)
    with running_server(server) as url:
        done = subprocess.run([asker, "ask", url, "hello hello hello"], stdout=subprocess.PIPE,
                              timeout=SECONDS, check=True)
    assert done.stdout == b"permessage-deflate\nhello hello hello\n", f"{done.stdout!r}"


if __name__ == "__main__":
    main(*sys.argv[1:])
