# SPDX-License-Identifier: BSL-1.0
"""Rails and our server on one Redis: each publishes to the subscribers of the other, and disconnects its users."""

import asyncio
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

import programs
import websockets

SKIPPED = 77
RAILS = pathlib.Path(__file__).with_name("rails_cable.rb")
# Debian's programs, before those of a Ruby of the user.
RUBY = "/usr/bin/ruby"
REDIS = shutil.which("redis-server", path=os.environ.get("PATH", os.defpath) + ":/usr/sbin")
PREFIX = "an_app"
PROTOCOL = "actioncable-v1-json"


def has_rails():
    check = [RUBY, "-e", 'require "action_cable"; require "redis"; require "puma"; require "puma/server"']
    return pathlib.Path(RUBY).exists() and subprocess.run(check, stderr=subprocess.DEVNULL).returncode == 0


def identifier(channel, **parameters):
    return json.dumps({"channel": channel, **parameters})


class Client:
    """A client of either server."""

    def __init__(self, socket):
        self.socket = socket

    async def next(self):
        """The next message that is no ping."""
        async with asyncio.timeout(programs.SECONDS):
            while True:
                message = json.loads(await self.socket.recv())
                if message.get("type") != "ping":
                    return message

    async def subscribe(self, name):
        await self.socket.send(json.dumps({"command": "subscribe", "identifier": name}))
        assert await self.next() == {"identifier": name, "type": "confirm_subscription"}

    async def perform(self, name, action, **data):
        data = json.dumps({"action": action, **data})
        await self.socket.send(json.dumps({"command": "message", "identifier": name, "data": data}))

    async def until_closed(self):
        """What comes before the server closes, and the code."""
        messages = []
        try:
            while True:
                messages.append(await self.next())
        except websockets.ConnectionClosed as closed:
            return messages, closed.rcvd.code


class Server:
    def __init__(self, url):
        self.url = url

    @contextlib.asynccontextmanager
    async def client(self, user):
        async with websockets.connect(
            f"{self.url}?user={user}", subprotocols=[PROTOCOL], origin="http://localhost:3000"
        ) as socket:
            client = Client(socket)
            assert await client.next() == {"type": "welcome"}
            yield client

    async def post(self, path, *message):
        """The body is the message as JSON, if there is one."""
        address = self.url.replace("ws:", "http:").replace("/cable", path)
        data = "".join(map(json.dumps, message)).encode()
        request = urllib.request.Request(address, data, method="POST")
        answer = await asyncio.to_thread(urllib.request.urlopen, request, timeout=programs.SECONDS)
        assert answer.status == 204, answer.status


class RailsTest(unittest.IsolatedAsyncioTestCase):
    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        socket = folder / "redis"
        cls.redis = cls.enterClassContext(
            programs.Program(REDIS, "--port", "0", "--unixsocket", str(socket), "--save", "")
        )
        deadline = time.monotonic() + programs.SECONDS
        while not socket.exists():
            assert time.monotonic() < deadline, "redis-server does not start"
            time.sleep(0.01)
        rails = programs.Program(RUBY, str(RAILS), "redis", f"unix://{socket}", PREFIX)
        ours = programs.Program(programs.built("cable_server"), "redis", f"unix:{socket}", PREFIX)
        cls.rails = Server(cls.enterClassContext(rails).url())
        cls.ours = Server(cls.enterClassContext(ours).url())

    async def test_rails_publishes_to_our_subscribers(self):
        name = identifier("ChatChannel", room_id=1)
        async with self.ours.client("ann") as client:
            await client.subscribe(name)
            for message in ({"n": 1, "html": "<b>é \u2028"}, "text", 2**63, None, [1, {}]):
                await self.rails.post("/broadcast/chat_1", message)
                self.assertEqual(await client.next(), {"identifier": name, "message": message})

    async def test_we_publish_to_the_subscribers_of_rails(self):
        name = identifier("RoomChannel", stream="chat_2")
        async with self.rails.client("ann") as client:
            await client.subscribe(name)
            for message in ({"n": 1, "html": "<b>é \u2028"}, "text", 2**63, None, [1, {}]):
                await self.ours.post("/broadcast/chat_2", message)
                self.assertEqual(await client.next(), {"identifier": name, "message": message})

    async def test_actions_of_each_reach_the_subscribers_of_the_other(self):
        here, there = identifier("ChatChannel", room_id=3), identifier("RoomChannel", stream="chat_3")
        async with self.ours.client("ann") as ann, self.rails.client("bob") as bob:
            await ann.subscribe(here)
            await bob.subscribe(there)
            await ann.perform(here, "speak", message="hello")
            message = {"message": "hello", "user": "ann"}
            self.assertEqual(await ann.next(), {"identifier": here, "message": message})
            self.assertEqual(await bob.next(), {"identifier": there, "message": message})
            await bob.perform(there, "speak", back=True)
            self.assertEqual(await ann.next(), {"identifier": here, "message": {"back": True}})
            self.assertEqual(await bob.next(), {"identifier": there, "message": {"back": True}})

    async def test_rails_disconnects_a_user_of_ours(self):
        async with self.ours.client("kim") as kim, self.ours.client("lee") as lee:
            await self.rails.post("/disconnect/kim")
            messages, code = await kim.until_closed()
            self.assertEqual(messages, [{"type": "disconnect", "reason": "remote", "reconnect": True}])
            self.assertEqual(code, 1000)
            name = identifier("ChatChannel", room_id=4)
            await lee.subscribe(name)

    async def test_we_disconnect_a_user_of_rails(self):
        async with self.rails.client("kim") as kim, self.rails.client("lee") as lee:
            await self.ours.post("/disconnect/kim")
            messages, code = await kim.until_closed()
            # Rails 6.1 sends no message.
            self.assertEqual((messages, code), ([], 1000))
            await lee.subscribe(identifier("RoomChannel", stream="chat_5"))


if __name__ == "__main__":
    if REDIS is None or not has_rails():
        print("redis-server, ruby-actioncable, ruby-redis or puma is missing")
        sys.exit(SKIPPED)
    unittest.main()
