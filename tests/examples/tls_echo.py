# SPDX-License-Identifier: BSL-1.0
"""tls_echo.py PROGRAM: serves an echo on wss:, and as a client trusts only the given certificate."""

import subprocess
import sys
import tempfile

from large_message import echo_large
from running_server import SECONDS, running_server

TEXT = "ahoy, ἀγκύρα ⚓"


def make_certificate(folder):
    """The paths of a certificate for localhost, valid for a day, and of its key."""
    certificate, key = f"{folder}/certificate.pem", f"{folder}/key.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -days 1"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run(
        [*command.split(), *names, "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
        timeout=SECONDS,
    )
    return certificate, key


def ask(program, url, *certificate):
    """The exit code, the output and the errors."""
    client = subprocess.run(
        [program, "ask", url, TEXT, *certificate],
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
    )
    return client.returncode, client.stdout, client.stderr


def main(program):
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = make_certificate(folder)
        with running_server(program, "serve", certificate, key, "0") as url:
            trusting = ask(program, url, certificate)
            assert trusting == (0, TEXT + "\n", ""), f"a client that trusts the server got {trusting}"
            code, output, errors = ask(program, url)
            assert (code, output) == (1, ""), f"a client that does not got {code}, {output!r}"
            assert "certificate" in errors, f"a client that does not prints only {errors!r}"
            echo_large(url, certificate)


if __name__ == "__main__":
    main(*sys.argv[1:])
