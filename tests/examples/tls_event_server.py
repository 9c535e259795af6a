# SPDX-License-Identifier: BSL-1.0
"""tls_event_server.py SERVER CLIENT: the client gets its text back over TLS, and never in cleartext.
On SIGHUP the server reads its certificate again, and keeps the old one if the new one is invalid."""

import pathlib
import signal
import subprocess
import sys
import tempfile

from large_message import echo_large
from running_server import running
from tls_echo import TEXT, ask, make_certificate

ECHOED = (0, TEXT + "\n", "")


def hang_up(server):
    """Sends SIGHUP and returns what the server prints."""
    server.send_signal(signal.SIGHUP)
    for line in server.stderr:
        if "certificate" in line:
            return line
    raise AssertionError("the server has ended")


def main(server, client):
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as next_folder:
        certificate, key = make_certificate(folder)
        next_certificate, next_key = make_certificate(next_folder)
        command = [server, certificate, key, "0"]
        with running(*command, stderr=subprocess.PIPE) as (process, url):
            first = ask(client, url, certificate)
            assert first == ECHOED, f"a client that trusts the server got {first}"
            code, output, _ = ask(client, url.replace("wss:", "ws:"), certificate)
            assert (code, output) == (1, ""), f"in cleartext came {code}, {output!r}"
            echo_large(url, certificate)

            old = pathlib.Path(certificate).read_text("utf-8")
            pathlib.Path(certificate).write_text(pathlib.Path(next_certificate).read_text("utf-8"))
            line = hang_up(process)
            assert "stays" in line and key in line, f"with a key of another certificate: {line!r}"
            pathlib.Path(f"{folder}/old.pem").write_text(old)
            assert ask(client, url, f"{folder}/old.pem") == ECHOED, "the old certificate has gone"

            pathlib.Path(key).write_text(pathlib.Path(next_key).read_text("utf-8"))
            line = hang_up(process)
            assert "new certificate" in line, f"with a good certificate: {line!r}"
            assert ask(client, url, next_certificate) == ECHOED, "the new certificate is not used"
            assert ask(client, url, f"{folder}/old.pem")[0] == 1, "the old certificate is used"


if __name__ == "__main__":
    main(*sys.argv[1:])
