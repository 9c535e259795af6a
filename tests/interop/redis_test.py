# SPDX-License-Identifier: BSL-1.0
"""redis-server, which the tests start, and redis-cli as another process that publishes."""

import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import certificates
import programs

DOCUMENTED_USER = (
    "on >secret resetchannels &chat:* &_action_cable_internal -@all +subscribe +psubscribe "
    "+unsubscribe +punsubscribe +publish +ping +client|setname +select"
).split()


class Redis:
    """A redis-server at a Unix socket and, at two ports of the loopback interface, without TLS and with TLS."""

    def __init__(self, folder, port, tls_port):
        self.socket = str(pathlib.Path(folder) / "socket")
        self.command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
        self.command += ["--unixsocket", self.socket, "--dir", str(folder)]
        self.command += ["--tls-port", str(tls_port), "--tls-auth-clients", "no"]
        self.command += ["--tls-cert-file", certificates.path("server")]
        self.command += ["--tls-key-file", certificates.path("server-key")]
        self.command += ["--tls-ca-cert-file", certificates.path("authority")]
        self.process = None
        self.start()

    def start(self):
        pathlib.Path(self.socket).unlink(missing_ok=True)
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL)
        until = time.monotonic() + programs.SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            if pathlib.Path(self.socket).exists() and self.answers():
                return
            time.sleep(0.01)
        raise TimeoutError("redis-server does not answer")

    def answers(self):
        with socket.socket(socket.AF_UNIX) as one:
            try:
                one.connect(self.socket)
                return True
            except OSError:
                return False

    def stop(self):
        self.process.kill()
        self.process.wait()

    def ask(self, *words):
        command = ["redis-cli", "-s", self.socket, *words]
        done = subprocess.run(command, capture_output=True, check=True, encoding="utf-8")
        return done.stdout.strip()


class Talk(programs.Program):
    """A program with a redis_broker."""

    def __init__(self, url, prefix="", authority="authority", own=None):
        files = [certificates.path(authority)] if authority else []
        if own:
            files += [certificates.path(own), certificates.path(f"{own}-key")]
        super().__init__(programs.built("redis_talk"), url, prefix, *files)

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def subscribe(self, pattern):
        self.tell(f"subscribe {pattern}")
        line = self.line()
        assert line == f"live {pattern}", line


class OverRedis(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
            port, tls_port = one.getsockname()[1], two.getsockname()[1]
        self.redis = Redis(folder.name, port, tls_port)
        self.addCleanup(self.redis.stop)
        self.unix = f"unix:{self.redis.socket}"
        self.tcp = f"redis://127.0.0.1:{port}"
        self.tls = f"rediss://localhost:{tls_port}"

    def test_publications_of_other_programs_arrive_and_ours_reach_them(self):
        with Talk(self.tcp, "chat") as ann, Talk(self.unix, "chat") as bob, Talk(self.tls, "chat") as cid:
            for each in (ann, bob, cid):
                each.subscribe("rooms_1")
            self.assertEqual(self.redis.ask("publish", "chat:rooms_1", '{"a":1}'), "3")
            self.assertEqual(self.redis.ask("publish", "rooms_1", "no"), "0")
            ann.tell("publish rooms_1 from ann")
            for each in (ann, bob, cid):
                self.assertEqual(each.line(), 'rooms_1 {"a":1}')
                self.assertEqual(each.line(), "rooms_1 from ann")

    def test_a_process_has_two_named_connections_whatever_it_subscribes(self):
        with Talk(self.tcp + "/3") as ann:
            for number in range(20):
                ann.subscribe(f"topic_{number}")
            clients = self.redis.ask("client", "list").splitlines()
            named = [one for one in clients if f"name=ActionCable-PID-{ann.process.pid} " in one]
            self.assertEqual(len(named), 2)
            self.assertTrue(all(" db=3 " in one for one in named))
            channels = self.redis.ask("pubsub", "channels").splitlines()
            self.assertEqual(len(channels), 21)
            self.assertIn("_action_cable_internal", channels)

    def test_each_publication_comes_once_however_many_patterns_match(self):
        with Talk(self.unix, "p[1]*") as ann:
            for pattern in ("rooms/*", "rooms/**", "*/1", "rooms/1", "chat_*"):
                ann.subscribe(pattern)
            for topic in ("rooms/1", "rooms/2", "rooms/1/typing", "hall/1", "other", "chat_1", "chat_*"):
                self.redis.ask("publish", f"p[1]*:{topic}", "x")
            for line in ("rooms/1 x", "rooms/2 x", "rooms/1/typing x", "hall/1 x", "chat_* x"):
                self.assertEqual(ann.line(), line)
            ann.tell("unsubscribe rooms/1")
            ann.tell("unsubscribe */1")
            ann.subscribe("end")
            self.redis.ask("publish", "p[1]*:rooms/1", "y")
            self.redis.ask("publish", "p[1]*:end", "z")
            self.assertEqual(ann.line(), "rooms/1 y")
            self.assertEqual(ann.line(), "end z")

    def test_sessions_are_excepted_where_they_are(self):
        with Talk(self.unix) as ann, Talk(self.unix) as bob:
            ann.subscribe("news")
            bob.subscribe("news")
            ann.tell("excepting news x")
            self.assertEqual(ann.line(), "news x excepting")
            self.assertEqual(bob.line(), "news x")
            bob.tell("publish news x")
            self.assertEqual(ann.line(), "news x")

    def test_a_certificate_that_is_not_valid_for_the_host_is_refused(self):
        address = self.tls.replace("localhost", "127.0.0.1")
        for url, authority, why in (
            (self.tls, "stranger", "the certificate's authority is unknown or not trusted: localhost"),
            (address, "authority", "the certificate is not for this address: 127.0.0.1"),
        ):
            with self.subTest(url=url, authority=authority), Talk(url, "", authority) as ann:
                for _ in range(4):
                    self.assertEqual(ann.line(), f"error {why}")
        with Talk(self.tls, "", None) as ann:
            line = "exception the URL of Redis asks for TLS (rediss:), and the broker has no TLS layer"
            self.assertEqual(ann.line(), line)

    def test_redis_may_ask_for_a_certificate(self):
        self.redis.ask("config", "set", "tls-auth-clients", "yes")
        with Talk(self.tls, own="server") as ann:
            ann.subscribe("news")
        with Talk(self.tls) as bob:
            self.assertTrue(bob.line().startswith("error "))

    def test_a_user_with_the_documented_rights_uses_its_prefix_only(self):
        self.redis.ask("acl", "setuser", "cable", *DOCUMENTED_USER)
        page = pathlib.Path(__file__).parents[2] / "docs/more_than_one_machine.md"
        self.assertIn("ACL SETUSER cable " + " ".join(DOCUMENTED_USER), page.read_text("utf-8"))
        for url in (self.tcp, self.tls):
            with self.subTest(url=url):
                self.redis.ask("config", "resetstat")
                self.use_the_prefix_of_a_user(url.replace("//", "//cable:secret@") + "/1")

    def use_the_prefix_of_a_user(self, url):
        with Talk(url, "chat") as ann, Talk(url, "other") as bob:
            ann.subscribe("news")
            ann.tell("publish news hello")
            self.assertEqual(ann.line(), "news hello")
            bob.tell("subscribe news")
            lines = sorted([bob.line(), bob.line()])
            self.assertTrue(lines[0].startswith("error Redis has refused a command: NOPERM"), lines)
            self.assertEqual(lines[1], "failed news Redis has refused a command")
            for _ in range(20):
                bob.tell("publish news hello")
                self.assertIn("NOPERM", bob.line())
            # What is refused is not asked for again.
            self.assertIn("rejected_calls=1,", self.commandstats("subscribe"))
            self.assertIn("rejected_calls=20,", self.commandstats("publish"))
        with Talk(url.replace("secret", "wrong"), "chat") as cid:
            self.assertIn("Redis does not accept the user or the password: WRONGPASS", cid.line())

    def commandstats(self, name):
        lines = self.redis.ask("info", "commandstats").splitlines()
        return next(line for line in lines if line.startswith(f"cmdstat_{name}:")) + ","

    def test_rights_that_are_withdrawn_and_given_again(self):
        self.redis.ask("acl", "setuser", "cable", *DOCUMENTED_USER)
        with Talk(self.tls.replace("//", "//cable:secret@"), "chat") as ann:
            ann.subscribe("news")
            # Redis ends the connections of a user that loses a channel that it has subscribed.
            self.redis.ask("acl", "setuser", "cable", "resetchannels", "&_action_cable_internal")
            while "NOPERM" not in ann.line():
                pass
            self.redis.ask("acl", "setuser", "cable", "&chat:*")
            ann.tell("subscribe late")
            while (line := ann.line()) != "live late":
                self.assertTrue(line.startswith("error ") or line == "gap", line)
            ann.tell("publish late hello")
            self.assertEqual(ann.line(), "late hello")

    def test_a_pattern_needs_a_rule_of_the_same_text(self):
        self.redis.ask("acl", "setuser", "cable", *DOCUMENTED_USER)
        with Talk(self.tls.replace("//", "//cable:secret@"), "chat") as ann:
            ann.tell("subscribe rooms/*")
            lines = [ann.line(), ann.line()]
            self.assertIn("failed rooms/* Redis has refused a command", lines)
            self.redis.ask("acl", "setuser", "cable", "&chat:rooms/*")
            ann.subscribe("rooms/*")

    def test_a_password_of_the_server(self):
        self.redis.ask("config", "set", "requirepass", "s@cret")
        with Talk(self.tcp) as ann:
            self.assertIn("NOAUTH", ann.line())
        with Talk(self.tcp.replace("//", "//:s%40cret@")) as ann:
            ann.subscribe("news")

    def test_20_000_publications_of_4_threads_reach_100_subscribers_in_order(self):
        with programs.Program(programs.built("redis_load"), "order", self.unix) as load:
            self.assertEqual(load.line(), "received 2000000 inversions 0")
            print(load.line(), file=sys.stderr)

    def test_redis_is_killed_and_started_again_under_load(self):
        self.kill_redis_under_load(self.tcp)

    def test_redis_is_killed_and_started_again_under_load_with_tls(self):
        self.kill_redis_under_load(self.tls, certificates.path("authority"))

    def kill_redis_under_load(self, *arguments):
        with programs.Program(programs.built("redis_load"), "outage", *arguments) as load:
            self.assertEqual(load.line(), "flowing")
            for _ in range(3):
                self.redis.stop()
                self.assertEqual(load.line(), "full")
                self.redis.start()
                self.assertEqual(load.line(), "gap")
                self.assertEqual(load.line(), "flowing")
            load.process.stdin.close()
            self.assertEqual(load.line(), "inversions 0")
            self.assertEqual(load.line(), "bounded yes refused yes")
            self.assertEqual(load.line(), "accounted yes")


if __name__ == "__main__":
    if shutil.which("redis-server") is None or shutil.which("redis-cli") is None:
        print("redis-server is missing (Debian: redis-server)")
        sys.exit(77)
    unittest.main()
