# SPDX-License-Identifier: BSL-1.0
"""tls_event_server.py SERVER CLIENT: the client gets its text back over TLS, and never in cleartext."""

import sys
import tempfile

from running_server import running_server
from tls_echo import TEXT, ask, make_certificate


def main(server, client):
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = make_certificate(folder)
        with running_server(server, certificate, key, "0") as url:
            trusting = ask(client, url, certificate)
            assert trusting == (0, TEXT + "\n", ""), f"who trusts the server got {trusting}"
            code, output, _ = ask(client, url.replace("wss:", "ws:"), certificate)
            assert (code, output) == (1, ""), f"in cleartext came {code}, {output!r}"


if __name__ == "__main__":
    main(*sys.argv[1:])
