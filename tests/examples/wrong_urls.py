# SPDX-License-Identifier: BSL-1.0
"""wrong_urls.py PROGRAM [ARGUMENT...]: fails, prints the reason and shows no secret if it cannot connect to
URL, one of the arguments. With a wss: URL it sends no request in cleartext."""

import socket
import subprocess
import sys
import threading

from running_server import SECONDS

WRONG = [
    "",
    "nonsense",
    "http://127.0.0.1/",
    "ws://",
    "ws://127.0.0.1:0/",
    "ws://user:secret@127.0.0.1/?secret",
]


def errors_of(command):
    """The error that the program prints."""
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=SECONDS)
    assert done.returncode > 0, f"{command} ended with {done.returncode}"
    assert done.stderr, f"{command} does not print the reason"
    return done.stderr


def receive_from_clients(listener, received):
    """Receives the first bytes of each client, and closes."""
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        with client:
            received.append(client.recv(4096))


def main(program, *arguments):
    def command(url):
        return [program, *(url if one == "URL" else one for one in arguments or ["URL"])]

    for url in WRONG:
        assert "secret" not in errors_of(command(url)), f"{command(url)} shows a secret"

    received = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=receive_from_clients, args=(listener, received))
        server.start()
        errors_of(command(f"wss://127.0.0.1:{listener.getsockname()[1]}/"))
        listener.shutdown(socket.SHUT_RDWR)
        server.join()
    assert not any(b"GET" in some for some in received), f"sent in cleartext: {received}"


if __name__ == "__main__":
    main(*sys.argv[1:])
