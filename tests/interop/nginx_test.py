# SPDX-License-Identifier: BSL-1.0
"""nginx as a reverse proxy between both of our roles, and between ours and websockets."""

import asyncio
import http.client
import os
import shutil
import socket
import sys
import tempfile
import unittest
import urllib.parse

import programs
import websockets

SKIPPED = 77
NGINX = shutil.which("nginx", path=os.environ.get("PATH", os.defpath) + ":/usr/sbin")
CONFIGURATION = """
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log stderr error;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://{upstream};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
    }}
  }}
}}
"""


async def within(awaitable):
    return await asyncio.wait_for(awaitable, programs.SECONDS)


class NginxTest(unittest.IsolatedAsyncioTestCase):
    def proxy(self, url):
        """The address of a proxy for this one."""
        folder = self.enterContext(tempfile.TemporaryDirectory())
        with socket.create_server(("127.0.0.1", 0)) as listening:
            port = listening.getsockname()[1]
            with open(f"{folder}/conf", "w", encoding="utf-8") as file:
                upstream = urllib.parse.urlsplit(url).netloc
                file.write(CONFIGURATION.format(folder=folder, port=port, upstream=upstream))
            # As on its upgrade in flight, nginx takes over a socket that already listens: nobody
            # can take the port meanwhile, and nobody has to wait.
            inherited = listening.fileno()
            nginx = programs.Program(
                *(NGINX, "-e", "stderr", "-p", folder, "-c", f"{folder}/conf"),
                env=os.environ | {"NGINX": f"{inherited};"},
                pass_fds=[inherited],
            )
            self.enterContext(nginx)
            # Its workers end only with it if it may tell them.
            self.addCleanup(nginx.terminate)
        return f"ws://127.0.0.1:{port}/"

    def start(self, name, *arguments):
        return self.enterContext(programs.Program(programs.built(name), *arguments))

    async def connect(self, url, **settings):
        peer = await within(websockets.connect(url, ping_interval=None, **settings))
        self.addAsyncCleanup(peer.close)
        return peer

    async def ended(self, program):
        return await asyncio.to_thread(program.line)

    async def test_messages_come_back_equal(self):
        peer = await self.connect(self.proxy(self.start("scripted_server").url()))
        for message in ("", "ἀγκύρα ⚓", b"", bytes(125), bytes(126), bytes(65_536), bytes(10**6)):
            await peer.send(message)
            self.assertEqual(await within(peer.recv()), message)
        await within(await peer.ping(b"ahoy"))

    async def test_closings_go_through_both_ways(self):
        server = self.start("scripted_server")
        url = self.proxy(server.url())
        peer = await self.connect(url)
        await within(peer.close(3000, "χαῖρε"))
        self.assertEqual(peer.close_code, 3000)
        self.assertEqual(await self.ended(server), "ended 3000 clean χαῖρε")

        peer = await self.connect(url)
        await peer.send("/close 4000 χαῖρε")
        await within(peer.wait_closed())
        self.assertEqual((peer.close_code, peer.close_reason), (4000, "χαῖρε"))
        self.assertEqual(await self.ended(server), "ended 4000 clean χαῖρε")

        peer = await self.connect(url)
        peer.transport.abort()
        self.assertRegex(await self.ended(server), "^ended 1006: .*(the peer ended|reset)")

    async def test_pages_of_the_proxys_origin_are_let_in(self):
        url = self.proxy(self.start("scripted_server").url())
        await self.connect(url, origin=url.replace("ws:", "http:").rstrip("/"))
        with self.assertRaises(websockets.InvalidStatusCode) as refused:
            await self.connect(url, origin="http://example.com")
        self.assertEqual(refused.exception.status_code, 403)

    async def test_who_does_not_upgrade_is_told_so(self):
        address = urllib.parse.urlsplit(self.proxy(self.start("scripted_server").url())).netloc
        connection = http.client.HTTPConnection(address, timeout=programs.SECONDS)
        self.addCleanup(connection.close)
        connection.request("GET", "/")
        response = connection.getresponse()
        self.assertEqual(response.status, 426)
        self.assertEqual(len(response.read()), int(response.headers["Content-Length"]))

    async def test_our_client_talks_to_our_server(self):
        server = self.start("echo_server", "0")
        url = self.proxy(server.url())
        client = self.start("echo_client", url, "--once", "ἀγκύρα ⚓")
        self.assertEqual(await asyncio.to_thread(client.end), (0, ["ἀγκύρα ⚓"], ""))

        client = self.start("echo_client", url)
        client.write("ahoy")
        self.assertEqual(await self.ended(client), "ahoy")
        self.assertEqual(await asyncio.to_thread(server.interrupt), (0, [], ""))
        code = await asyncio.to_thread(client.process.wait, programs.SECONDS)
        self.assertEqual(code, 0)

    async def test_a_server_that_is_gone_is_status_502(self):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            url = self.proxy(f"ws://127.0.0.1:{nobody.getsockname()[1]}/")
            client = self.start("echo_client", url, "--once", "ahoy")
            code, output, errors = await asyncio.to_thread(client.end)
        self.assertEqual((code, output), (1, []))
        self.assertIn("HTTP status 502", errors)


if __name__ == "__main__":
    if NGINX is None:
        print("There is no nginx here")
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
