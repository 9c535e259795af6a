# SPDX-License-Identifier: BSL-1.0
"""hello.py SERVER CLIENT: the client prints what the server sends back."""

import subprocess
import sys

from running_server import SECONDS, running_server


def main(server, client):
    with running_server(server) as url:
        done = subprocess.run([client, url], stdout=subprocess.PIPE, timeout=SECONDS, check=True)
        assert done.stdout == b"ahoy\n", f"the client printed {done.stdout!r}"


if __name__ == "__main__":
    main(*sys.argv[1:])
