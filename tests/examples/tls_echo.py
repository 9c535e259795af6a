# SPDX-License-Identifier: BSL-1.0
"""tls_echo.py PROGRAM: it serves wss: and asks itself, and believes only whom it is told to trust."""

import subprocess
import sys
import tempfile

from running_server import SECONDS, running_server

TEXT = "ahoy, ἀγκύρα ⚓"


def make_certificate(folder):
    """The paths of a certificate for localhost, good for a day, and of its key."""
    certificate, key = f"{folder}/certificate.pem", f"{folder}/key.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -days 1"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(
        [*command.split(), *names, "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
        timeout=SECONDS,
    )
    return certificate, key


def ask(program, url, *certificate):
    """The exit code, the output and the errors."""
    told = subprocess.run(
        [program, "ask", url, TEXT, *certificate],
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
    )
    return told.returncode, told.stdout, told.stderr


def main(program):
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = make_certificate(folder)
        with running_server(program, "serve", certificate, key, "0") as url:
            trusting = ask(program, url, certificate)
            assert trusting == (0, TEXT + "\n", ""), f"who trusts the server got {trusting}"
            code, output, errors = ask(program, url)
            assert (code, output) == (1, ""), f"who does not got {code}, {output!r}"
            assert "certificate" in errors, f"who does not is told only {errors!r}"


if __name__ == "__main__":
    main(*sys.argv[1:])
