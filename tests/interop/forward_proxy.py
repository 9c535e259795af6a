# SPDX-License-Identifier: BSL-1.0
"""The tests of every proxy through which our client connects."""

import os
import pathlib
import shutil
import socket
import sys
import tempfile
import time
import unittest
import urllib.parse

import programs

SKIPPED = 77
TEXT = "ἀγκύρα ⚓"
USER = "jack:a%5Fb"
CREDENTIALS = ("jack", "a_b")


def find(name):
    return shutil.which(name, path=os.environ.get("PATH", os.defpath) + ":/usr/sbin")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def accepts(port):
    with socket.socket() as trying:
        return trying.connect_ex(("127.0.0.1", port)) == 0


class ForwardProxyTest(unittest.TestCase):
    # Each test of a proxy defines the scheme of its URLs,
    scheme = None

    def command(self, folder, port, credentials):
        """and returns the command that starts it, for all clients or only for these credentials."""
        raise NotImplementedError

    def start(self, name, *arguments, **settings):
        return self.enterContext(programs.Program(programs.built(name), *arguments, **settings))

    def proxy(self, credentials=None):
        """The address of a proxy."""
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        deadline = time.monotonic() + programs.SECONDS
        # These proxies accept no listening socket, so another program may have taken the port.
        for _ in range(3):
            port = free_port()
            command = self.command(folder, port, credentials)
            running = self.enterContext(programs.Program(*command))
            while running.process.poll() is None:
                if accepts(port):
                    return f"127.0.0.1:{port}"
                self.assertLess(time.monotonic(), deadline, "the proxy does not accept")
        self.fail(f"the proxy does not start: {running.end()}")

    def run_client(self, url, text, proxy=None, **settings):
        proxy = ("--proxy", proxy) if proxy else ()
        client = self.start("event_client", url, "--once", text, *proxy, **settings)
        code, output, errors = client.end()
        self.assertEqual((code, errors), (0, ""))
        return output

    def test_our_client_talks_through_it(self):
        for server in ("scripted_server", "event_server"):
            with self.subTest(server=server):
                running = self.start(server)
                url = f"{self.scheme}://{self.proxy()}"
                output = self.run_client(running.url(), TEXT, url)
                self.assertEqual(output, [TEXT, "ended 1000 clean "])
                self.assertEqual(running.line(), "ended 1000 clean ")

    def test_a_long_text_comes_back_equal(self):
        server = self.start("event_server").url()
        text = "a" * 120_000
        output = self.run_client(server, text, f"{self.scheme}://{self.proxy()}")
        self.assertEqual(output, [text, "ended 1000 clean "])

    def test_a_server_may_have_a_name(self):
        server = self.start("event_server").url().replace("127.0.0.1", "localhost")
        output = self.run_client(server, TEXT, f"{self.scheme}://{self.proxy()}")
        self.assertEqual(output, [TEXT, "ended 1000 clean "])

    def test_the_environment_names_it(self):
        server = self.start("event_server").url()
        proxy = f"{self.scheme}://{self.proxy()}"
        environment = {
            name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")
        }
        output = self.run_client(server, TEXT, env=environment | {"all_proxy": proxy})
        self.assertEqual(output, [TEXT, "ended 1000 clean "])
        # And that the proxy is used at all.
        gone = f"{self.scheme}://127.0.0.1:{free_port()}"
        output = self.run_client(server, TEXT, env=environment | {"all_proxy": gone})
        self.assertRegex(output[0], "^failed: ")

    def test_valid_credentials_are_accepted(self):
        server = self.start("event_server").url()
        address = self.proxy(CREDENTIALS)
        output = self.run_client(server, TEXT, f"{self.scheme}://{USER}@{address}")
        self.assertEqual(output, [TEXT, "ended 1000 clean "])

    def test_wrong_credentials_are_reported(self):
        server = self.start("event_server").url()
        address = self.proxy(CREDENTIALS)
        for user in ("", "jack:wrong@"):
            with self.subTest(user=user):
                output = self.run_client(server, TEXT, f"{self.scheme}://{user}{address}")
                # Tinyproxy answers a wrong password with 401 instead of 407.
                self.assertRegex(output[0], "^failed: .*(credential|HTTP status 40[17])")

    def test_a_server_that_is_gone_is_named(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            url = f"ws://127.0.0.1:{closed.getsockname()[1]}/"
            output = self.run_client(url, TEXT, f"{self.scheme}://{self.proxy()}")
        self.assertRegex(output[0], "^failed: the proxy ")


def main(where, name):
    if where is None:
        print(f"There is no {name} here")
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
