# SPDX-License-Identifier: BSL-1.0
"""Two cable servers with their histories, sessions and presence in one redis-server, which the tests start."""

import asyncio
import contextlib
import json
import shutil
import sys
import tempfile
import time
import unittest

import programs
import redis_test
import websockets

ROOM = '{"channel":"RoomChannel"}'
LOBBY = '{"channel":"LobbyChannel"}'
CONFIRMED = {"identifier": ROOM, "type": "confirm_subscription"}
HISTORY = {"identifier": ROOM, "type": "confirm_history"}
NO_HISTORY = {"identifier": ROOM, "type": "reject_history"}


class Client:
    def __init__(self, socket):
        self.socket = socket
        self.position = None

    async def next(self):
        """The next message that is no ping."""
        async with asyncio.timeout(programs.SECONDS):
            while True:
                message = json.loads(await self.socket.recv())
                if message.get("type") == "ping":
                    continue
                if "epoch" in message:
                    self.position = {"epoch": message["epoch"], "offset": message["offset"]}
                return message

    async def until(self, last):
        """What comes before this message."""
        messages = []
        while (message := await self.next()) != last:
            messages.append(message)
        return messages

    async def values(self, count):
        return [(await self.next())["message"] for _ in range(count)]

    async def send(self, command, **members):
        await self.socket.send(json.dumps({"command": command, "identifier": ROOM, **members}))

    async def enter(self, name=None, info=None):
        """Subscribes to the lobby, and joins with this name."""
        await self.send("subscribe", identifier=LOBBY)
        message = await self.next()
        assert message == {"identifier": LOBBY, "type": "confirm_subscription"}, message
        if name:
            await self.join(name, info)

    async def join(self, name, info=None):
        await self.send("join", identifier=LOBBY, presence={"id": name, **({"info": info} if info else {})})

    async def event(self):
        """The next presence event, in one line."""
        message = await self.next()
        assert message.get("type") == "presence" and message["identifier"] == LOBBY, message
        event = message["message"]
        if event["type"] == "info":
            return [event["total"], *(one["id"] for one in event["records"])]
        return " ".join([event["type"], *([event["id"]] if "id" in event else [])])

    async def present(self):
        await self.send("presence", identifier=LOBBY)
        return await self.event()


class Server(programs.Program):
    def __init__(self, redis):
        super().__init__(programs.built("redis_cable"), f"unix:{redis.socket}", "app")
        self.address = self.url()

    @contextlib.asynccontextmanager
    async def client(self, query=""):
        async with websockets.connect(
            self.address + query, subprotocols=["actioncable-v1-ext-json"], open_timeout=programs.SECONDS
        ) as socket:
            client = Client(socket)
            client.welcome = await client.next()
            yield client

    def broadcast(self, value, how=""):
        self.write(how + json.dumps(value))
        line = self.line()
        assert line == "broadcast accepted", line


def after(position):
    return {"streams": {"room": position}}


class TwoServers(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.redis = redis_test.Redis(folder, port=0, tls_port=0)
        self.addCleanup(self.redis.stop)
        self.one = self.enterContext(Server(self.redis))
        self.two = self.enterContext(Server(self.redis))

    async def test_a_client_moves_between_servers_and_gets_each_message_once(self):
        async with self.one.client() as ann:
            await ann.send("subscribe")
            self.assertEqual(await ann.next(), CONFIRMED)
            self.one.broadcast(1)
            self.two.broadcast(2)
            self.assertEqual(sorted(await ann.values(2)), [1, 2])
            seen = ann.position
            self.assertEqual(seen["offset"], 2)
        self.one.kill()
        for number in range(3, 23):
            self.two.broadcast(number)
        async with self.two.client() as ann:
            await ann.send("subscribe", history=after(seen))
            self.assertEqual(await ann.next(), CONFIRMED)
            messages = await ann.until(HISTORY)
            self.assertEqual([one["message"] for one in messages], list(range(3, 23)))
            self.assertEqual([one["offset"] for one in messages], list(range(3, 23)))
            self.two.broadcast("last")
            self.assertEqual(await ann.values(1), ["last"])
            self.assertEqual(ann.position, {"epoch": seen["epoch"], "offset": 23})

    def saved(self, sid, channel="RoomChannel"):
        """Waits until Redis has the session with the subscription."""
        deadline = time.monotonic() + programs.SECONDS
        while channel not in self.redis.ask("get", f"app:$session:{sid}"):
            assert time.monotonic() < deadline, "the session is not saved"

    async def test_a_session_of_a_server_that_was_killed_continues_on_the_other(self):
        async with self.one.client() as ann:
            await ann.send("subscribe")
            self.assertEqual(await ann.next(), CONFIRMED)
            self.one.broadcast(1)
            await ann.values(1)
            seen, sid = ann.position, ann.welcome["sid"]
            await asyncio.to_thread(self.saved, sid)
            self.one.kill()
        self.two.broadcast(2)
        async with self.two.client(f"?sid={sid}") as ann:
            self.assertTrue(ann.welcome["restored"])
            self.assertEqual(ann.welcome["restored_ids"], [ROOM])
            self.two.broadcast(3)
            await ann.send("history", history=after(seen))
            self.assertEqual([one["message"] for one in await ann.until(HISTORY)], [2, 3])
        async with self.two.client(f"?sid={sid}") as bob:
            self.assertNotIn("restored", bob.welcome)

    async def test_a_session_of_a_server_that_was_killed_does_not_continue_after_a_disconnect(self):
        async with self.one.client() as ann:
            await ann.send("subscribe")
            self.assertEqual(await ann.next(), CONFIRMED)
            sid = ann.welcome["sid"]
            await asyncio.to_thread(self.saved, sid)
            self.one.kill()
        self.two.write("disconnect")
        self.assertEqual(self.two.line(), "broadcast accepted")
        async with self.two.client(f"?sid={sid}") as ann:
            self.assertNotIn("restored", ann.welcome)

    async def test_messages_that_are_published_during_a_search_come_once_and_in_order(self):
        async with self.one.client() as ann, self.two.client() as bob:
            await ann.send("subscribe")
            self.assertEqual(await ann.next(), CONFIRMED)
            self.one.broadcast(1)
            await ann.values(1)
            start = ann.position
            await bob.send("subscribe")
            self.assertEqual(await bob.next(), CONFIRMED)
            for _ in range(20):
                for _ in range(4):
                    self.one.write("0")
                await bob.send("history", history=after(start))
                found = await bob.until(HISTORY)
                offsets = [one["offset"] for one in found]
                # What was sent before the search, then what it has found: the second part continues `start`.
                at = len(offsets) - 1 - offsets[::-1].index(start["offset"] + 1) if found else 0
                first = start["offset"] + 1
                self.assertEqual(offsets[at:], list(range(first, first + len(offsets) - at)))
                start = bob.position or start

    async def test_a_transient_message_has_no_place_in_the_history(self):
        async with self.one.client() as ann, self.two.client() as bob:
            for client in (ann, bob):
                await client.send("subscribe")
                self.assertEqual(await client.next(), CONFIRMED)
            self.one.broadcast(1, "transient ")
            self.one.broadcast(2)
            for client in (ann, bob):
                self.assertEqual(await client.values(2), [1, 2])
                self.assertEqual(client.position["offset"], 1)
                await client.send("history", history={"since": 0})
                self.assertEqual([one["message"] for one in await client.until(HISTORY)], [2])

    async def test_a_session_is_excepted_in_the_server_that_has_its_connection(self):
        async with self.one.client() as ann, self.two.client() as bob:
            for client in (ann, bob):
                await client.send("subscribe")
                self.assertEqual(await client.next(), CONFIRMED)
            self.one.broadcast(1, f"except {bob.welcome['sid']} ")
            self.two.broadcast(2, f"except {bob.welcome['sid']} ")
            self.one.broadcast(3)
            self.assertEqual(sorted(await ann.values(3)), [1, 2, 3])
            self.assertEqual(await bob.values(1), [3])

    async def test_an_id_joins_and_leaves_once_for_all_servers(self):
        async with self.one.client() as ann, self.two.client() as bob, self.two.client() as eve:
            await bob.enter()
            await ann.enter("ann", {"n": 1})
            self.assertEqual([await ann.event(), await bob.event()], ["join ann", "join ann"])
            await eve.enter("ann", {"n": 2})
            await bob.send("presence", identifier=LOBBY)
            record = (await bob.next())["message"]["records"][0]
            self.assertEqual(record, {"id": "ann", "info": {"n": 2}})
            await bob.join("bob")
            for client in (ann, bob, eve):
                self.assertEqual(await client.event(), "join bob")
            await ann.join("other")
            self.assertEqual(await ann.event(), "error")
            self.assertEqual(await ann.present(), [2, "ann", "bob"])
            await ann.send("leave", identifier=LOBBY)
            self.assertEqual(await ann.present(), [2, "ann", "bob"])
            await eve.send("unsubscribe", identifier=LOBBY)
            self.assertEqual([await ann.event(), await bob.event()], ["leave ann", "leave ann"])
            self.assertEqual(await bob.present(), [1, "bob"])
            self.assertEqual(self.redis.ask("keys", "*$joined*"), f"app:$joined:{bob.welcome['sid']}")

    async def test_the_ids_of_a_stream_are_limited(self):
        async with self.one.client() as ann, self.two.client() as bob, self.one.client() as eve, self.two.client() as max:
            for number, client in enumerate((ann, bob, eve)):
                await client.enter(str(number))
                while await client.event() != f"join {number}":
                    pass
            await max.enter("3")
            self.assertEqual(await max.event(), "error")
            await max.join("2")
            self.assertEqual(await max.present(), [3, "0", "1", "2"])
            await bob.join("x" * 5000)
            while (event := await bob.event()).startswith("join"):
                pass
            self.assertEqual(event, "error")

    async def test_the_ids_of_a_server_that_was_killed_leave_once(self):
        self.enterContext(Server(self.redis))  # lets ids leave, too
        async with self.two.client() as bob:
            await bob.enter("bob")
            self.assertEqual(await bob.event(), "join bob")
            async with self.one.client() as ann:
                await ann.enter("ann")
                self.assertEqual(await bob.event(), "join ann")
                self.one.kill()
            self.assertEqual(await bob.event(), "leave ann")
            # Nothing else comes until the second ping, within three seconds at least.
            self.assertEqual(await self.before_ping(bob) + await self.before_ping(bob), [])
            self.assertEqual(await bob.present(), [1, "bob"])
            self.assertEqual(self.redis.ask("get", "app:$memberships"), "1")

    async def test_a_client_that_moves_to_the_other_server_remains_present(self):
        async with self.one.client() as bob:
            await bob.enter("bob")
            self.assertEqual(await bob.event(), "join bob")
            async with self.one.client() as ann:
                await ann.enter("ann")
                self.assertEqual(await bob.event(), "join ann")
                sid = ann.welcome["sid"]
                await asyncio.to_thread(self.saved, sid, "LobbyChannel")
                ann.socket.transport.abort()
            async with self.two.client(f"?sid={sid}") as ann:
                self.assertEqual(ann.welcome["restored_ids"], [LOBBY])
                self.assertEqual(await bob.present(), [2, "ann", "bob"])
                # The pings come every three seconds, what is lost leaves after two.
                self.assertEqual(await self.before_ping(bob) + await self.before_ping(bob), [])
                self.assertEqual(await bob.present(), [2, "ann", "bob"])
            self.assertEqual(await bob.event(), "leave ann")

    async def before_ping(self, client):
        """What comes before the next ping."""
        messages = []
        async with asyncio.timeout(programs.SECONDS):
            while (message := json.loads(await client.socket.recv())).get("type") != "ping":
                messages.append(message)
        return messages

    async def test_without_redis_joins_are_errors_and_afterwards_all_are_present_again(self):
        async with self.one.client() as ann, self.two.client() as bob:
            await ann.enter("ann")
            self.assertEqual(await ann.event(), "join ann")
            await bob.enter()
            self.assertEqual(await bob.present(), [1, "ann"])
            self.redis.stop()
            await bob.join("bob")
            self.assertEqual(await bob.event(), "error")
            await bob.send("presence", identifier=LOBBY)
            self.assertEqual(await bob.event(), "error")
            self.redis.start()
            # Redis has lost its data, so ann joins again.
            while (event := await bob.event()) != "join ann":
                self.assertEqual(event, "error")
            await bob.join("bob")
            while await bob.event() != "join bob":
                await bob.join("bob")
            self.assertEqual(await bob.present(), [2, "ann", "bob"])

    async def test_histories_that_redis_does_not_have_are_rejected(self):
        async with self.one.client() as ann:
            await ann.send("subscribe")
            self.assertEqual(await ann.next(), CONFIRMED)
            for number in range(250):
                self.one.broadcast(number)
            await ann.values(250)
            for position in ({"epoch": "other", "offset": 1}, {**ann.position, "offset": 251}, {**ann.position, "offset": 1}):
                await ann.send("history", history=after(position))
                self.assertEqual(await ann.next(), NO_HISTORY)
            await ann.send("history", history=after({**ann.position, "offset": 240}))
            self.assertEqual([one["message"] for one in await ann.until(HISTORY)], list(range(240, 250)))
            await ann.send("history", history={"since": 0})
            self.assertGreaterEqual(len(await ann.until(HISTORY)), 100)
            await ann.send("history", history={"since": 2**62})
            self.assertEqual(await ann.until(HISTORY), [])

    async def test_without_redis_histories_are_rejected_and_afterwards_all_goes_on(self):
        async with self.one.client() as ann:
            await ann.send("subscribe")
            self.assertEqual(await ann.next(), CONFIRMED)
            self.one.broadcast(1)
            await ann.values(1)
            before = ann.position
            self.redis.stop()
            message = None
            while message != NO_HISTORY:
                await ann.send("history", history=after(before))
                message = await ann.next()
            self.redis.start()
            while message != HISTORY:
                await ann.send("history", history={"since": 2**62})
                message = await ann.next()
            # Redis has lost its data, so this is another epoch.
            async with self.two.client() as bob:
                await bob.send("subscribe")
                self.assertEqual(await bob.next(), CONFIRMED)
                self.two.broadcast(2)
                self.assertEqual(await ann.values(1), [2])
                self.assertNotEqual(ann.position["epoch"], before["epoch"])
                self.assertEqual(await bob.values(1), [2])
                self.assertEqual(ann.position, bob.position)
                await ann.send("history", history=after(before))
                self.assertEqual(await ann.next(), NO_HISTORY)


if __name__ == "__main__":
    if shutil.which("redis-server") is None or shutil.which("redis-cli") is None:
        print("redis-server is missing (Debian: redis-server)")
        sys.exit(77)
    unittest.main()
