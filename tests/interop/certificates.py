# SPDX-License-Identifier: BSL-1.0
"""Certificates that one run of a test makes, and the arguments of peers that use or trust them."""

import functools
import pathlib
import ssl
import subprocess
import tempfile

import programs

SCRIPT = pathlib.Path(__file__).with_name("certificates.sh")


@functools.cache
def folder():
    # Kept by the cache until the process ends.
    made = tempfile.TemporaryDirectory()
    command = ["bash", SCRIPT, made.name]
    public_key = subprocess.check_output(command, encoding="utf-8", timeout=programs.SECONDS)
    return made, public_key.strip()


def path(name):
    return str(pathlib.Path(folder()[0].name) / f"{name}.pem")


def public_key():
    """The SHA-256 of the server's, in base64."""
    return folder()[1]


def server_options(name="server"):
    """The arguments that make a program of ours that server."""
    return "--certificate", path(name), "--key", path(f"{name}-key")


def client_options(authority="authority"):
    """The arguments that make a program of ours trust that authority."""
    return "--authority", path(authority)


def server_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path("server"), path("server-key"))
    return context


def client_context(authority="authority"):
    return ssl.create_default_context(cafile=path(authority))
