# SPDX-License-Identifier: BSL-1.0
"""no_answer.py PROGRAM [ARGUMENT...]: a client fails and prints the reason if the server at URL, one of the
arguments, ends the connection without an answer, with a Close frame or without."""

import base64
import contextlib
import hashlib
import re
import socket
import subprocess
import sys
import threading

from running_server import SECONDS

ENDINGS = {"a clean end": b"\x88\x02\x03\xe8", "an error": b"\x88\x02\x03\xf3", "no Close frame": b""}


def serve(listener, ending):
    client, _ = listener.accept()
    with client:
        request = b""
        while b"\r\n\r\n" not in request:
            request += client.recv(4096)
        key = re.search(rb"Sec-WebSocket-Key: (\S+)", request, re.IGNORECASE)[1]
        digest = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
        client.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n" + ending
        )
        client.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            while client.recv(4096):
                pass


def main(program, *arguments):
    for name, ending in ENDINGS.items():
        with socket.create_server(("127.0.0.1", 0)) as listener:
            server = threading.Thread(target=serve, args=(listener, ending))
            server.start()
            url = f"ws://127.0.0.1:{listener.getsockname()[1]}/"
            given = subprocess.run(
                [program, *(url if one == "URL" else one for one in arguments)],
                capture_output=True,
                encoding="utf-8",
                timeout=SECONDS,
            )
            server.join()
        assert given.returncode == 1, f"after {name} the client ended with {given.returncode}"
        assert given.stderr, f"after {name} the client does not say why it failed"


if __name__ == "__main__":
    main(*sys.argv[1:])
