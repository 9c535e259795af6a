# SPDX-License-Identifier: BSL-1.0
"""Relays between a client and a server, and counts the bytes in each direction."""

import socket
import threading
import urllib.parse


class CountingRelay:
    """Listens on its own port. `sent` and `received` count a client's bytes, including heads."""

    def __init__(self, url):
        self._there = urllib.parse.urlsplit(url)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"ws://127.0.0.1:{self._listener.getsockname()[1]}/"
        self.sent = 0
        self.received = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection((self._there.hostname, self._there.port))
            threading.Thread(target=self._move, args=(near, far, "sent"), daemon=True).start()
            threading.Thread(target=self._move, args=(far, near, "received"), daemon=True).start()

    def _move(self, source, target, count):
        try:
            while some := source.recv(65536):
                setattr(self, count, getattr(self, count) + len(some))
                target.sendall(some)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            target.close()
