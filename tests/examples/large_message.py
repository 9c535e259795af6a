# SPDX-License-Identifier: BSL-1.0
"""A client over TLS that sends the largest message of the numbered cases, 16 MiB."""

import socket
import ssl
import urllib.parse

from running_server import SECONDS

SIZE = 16 * 1024 * 1024
UPGRADE = (
    "GET / HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def echo_large(url, certificate):
    """Requires that a server sends SIZE bytes back."""
    where = urllib.parse.urlsplit(url)
    trusting = ssl.create_default_context(cafile=certificate)
    with socket.create_connection((where.hostname, where.port), SECONDS) as plain:
        with trusting.wrap_socket(plain, server_hostname="localhost") as client:
            client.sendall(UPGRADE.format(where.netloc).encode())
            received = client.makefile("rb")
            status = received.readline()
            assert status.startswith(b"HTTP/1.1 101 "), f"the server answered {status!r}"
            while received.readline() != b"\r\n":
                pass
            # A mask of zeros leaves the payload as it is.
            frame = b"\x82\xff" + SIZE.to_bytes(8, "big") + bytes(4) + b"x" * SIZE
            # The server sends nothing before it has the whole message, so this thread can write first: with
            # Python's ssl no other thread may read at the same time.
            client.sendall(frame)
            header = received.read(10)
            assert header == b"\x82\x7f" + SIZE.to_bytes(8, "big"), f"a frame began {header!r}"
            assert received.read(SIZE) == b"x" * SIZE, "another message came back"
