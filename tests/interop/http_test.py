# SPDX-License-Identifier: BSL-1.0
"""An ordinary HTTP client can parse the server's responses."""

import http.client
import unittest
import urllib.parse

import programs

UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


class HttpTest(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(programs.Program(programs.built("scripted_server")))
        self.address = urllib.parse.urlsplit(self.server.url())

    def tearDown(self):
        self.assertEqual(self.server.interrupt(), (0, [], ""))

    def exchange(self, method="GET", target="/", headers=None, http10=False):
        """The response, whose body ends where its length says."""
        connection = http.client.HTTPConnection(self.address.netloc, timeout=programs.SECONDS)
        if http10:
            connection._http_vsn, connection._http_vsn_str = 10, "HTTP/1.0"
        connection.request(method, target, headers=headers or {})
        response = connection.getresponse()
        body = response.read()
        connection.close()
        if response.status != 101:
            self.assertIsNotNone(response.headers["Content-Length"])
            self.assertEqual(len(body), int(response.headers["Content-Length"]))
            self.assertRegex(response.headers["Connection"].lower(), r"\bclose\b")
        return response

    def assert_refused(self, response, status, ending):
        self.assertEqual(response.status, status)
        self.assertTrue(response.reason)
        self.assertEqual(self.server.line(), f"failed opening handshake: {ending}")

    def test_an_upgrade_is_answered_with_the_accept_value_of_the_rfc(self):
        response = self.exchange(headers=UPGRADE)
        self.assertEqual((response.status, response.version), (101, 11))
        self.assertEqual(
            response.headers["Sec-WebSocket-Accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        )
        self.assertEqual(response.headers["Upgrade"].lower(), "websocket")
        self.assertEqual(response.headers["Connection"].lower(), "upgrade")
        self.assertRegex(self.server.line(), "^ended 1006")

    def test_the_answer_to_a_plain_get_requires_an_upgrade(self):
        response = self.exchange()
        self.assert_refused(response, 426, "the request is not an upgrade to websocket")
        self.assertEqual(response.headers["Upgrade"].lower(), "websocket")
        self.assertIn("upgrade", response.headers["Connection"].lower())

    def test_the_answer_to_another_version_names_the_version(self):
        response = self.exchange(headers=UPGRADE | {"Sec-WebSocket-Version": "8"})
        self.assert_refused(response, 426, "the WebSocket version is not 13")
        self.assertEqual(response.headers["Sec-WebSocket-Version"], "13")

    def test_http_1_0_cannot_upgrade(self):
        response = self.exchange(headers=UPGRADE, http10=True)
        self.assert_refused(response, 426, "the request is not an upgrade to websocket")

    def test_head_is_answered_without_a_body(self):
        connection = http.client.HTTPConnection(self.address.netloc, timeout=programs.SECONDS)
        connection.request("HEAD", "/")
        response = connection.getresponse()
        self.assertEqual(response.read(), b"")
        connection.close()
        self.assert_refused(response, 426, "the request is not an upgrade to websocket")

    def test_the_answer_to_a_post_names_the_method(self):
        response = self.exchange("POST", headers=UPGRADE)
        self.assert_refused(response, 405, "the request method is not supported")
        self.assertEqual(response.headers["Allow"], "GET")

    def test_large_headers_are_refused(self):
        for size in (17_000, 1_000_000):
            with self.subTest(size=size):
                response = self.exchange(headers=UPGRADE | {"X-Large": "a" * size})
                self.assert_refused(response, 431, "the HTTP head is too large")

    def test_many_headers_are_refused(self):
        response = self.exchange(headers=UPGRADE | {f"X-{n}": "a" for n in range(150)})
        self.assert_refused(response, 431, "the HTTP head has too many lines")

    def test_a_long_target_is_refused(self):
        response = self.exchange(target="/" + "a" * 15_000, headers=UPGRADE)
        self.assert_refused(response, 414, "the request target is too long")

    def test_a_bad_key_is_a_bad_request(self):
        for key in ("", "c2hvcnQ=", "not base64 at all!!!!!!!"):
            with self.subTest(key=key):
                response = self.exchange(headers=UPGRADE | {"Sec-WebSocket-Key": key})
                self.assert_refused(response, 400, "Sec-WebSocket-Key is not the base64 of 16 bytes")

    def test_a_page_of_another_site_is_forbidden(self):
        own = f"http://{self.address.netloc}"
        for origin in ("https://example.com", "null", own + "0", own.replace("http", "ftp")):
            with self.subTest(origin=origin):
                response = self.exchange(headers=UPGRADE | {"Origin": origin})
                self.assert_refused(response, 403, "the Origin is not allowed")

    def test_a_page_of_the_same_site_is_let_in(self):
        response = self.exchange(headers=UPGRADE | {"Origin": f"http://{self.address.netloc}"})
        self.assertEqual(response.status, 101)
        self.assertRegex(self.server.line(), "^ended 1006")


if __name__ == "__main__":
    unittest.main(verbosity=2)
