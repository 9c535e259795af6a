# SPDX-License-Identifier: BSL-1.0
"""with_arguments.py PROGRAM NAME...: runs a program with the arguments that it names: CERTIFICATE and KEY are
PEM files for localhost, PROXY is the URL of an HTTP proxy that only tunnels."""

import contextlib
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading

from running_server import SECONDS
from tls_echo import make_certificate


def copy(source, target):
    with contextlib.suppress(OSError):  # one side has gone
        while some := source.recv(65536):
            target.sendall(some)
        target.shutdown(socket.SHUT_WR)


class Tunnel(socketserver.StreamRequestHandler):
    def handle(self):
        method, target, _ = self.rfile.readline().split()
        assert method == b"CONNECT", method
        while self.rfile.readline().strip():
            pass
        host, port = target.decode().rsplit(":", 1)
        with socket.create_connection((host, int(port)), SECONDS) as server:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=copy, args=(server, self.request))
            back.start()
            copy(self.request, server)
            back.join()


def main(program, *names):
    with tempfile.TemporaryDirectory() as folder, socketserver.ThreadingTCPServer(
        ("127.0.0.1", 0), Tunnel
    ) as proxy:
        certificate, key = make_certificate(folder) if "KEY" in names else ("", "")
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        given = {
            "CERTIFICATE": certificate,
            "KEY": key,
            "PROXY": f"http://127.0.0.1:{proxy.server_address[1]}",
        }
        ended = subprocess.run([program, *(given[name] for name in names)], timeout=SECONDS, check=False)
        proxy.shutdown()
        print("status", ended.returncode)


if __name__ == "__main__":
    main(*sys.argv[1:])
