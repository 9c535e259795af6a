# SPDX-License-Identifier: BSL-1.0
"""chat_cable_server.py SERVER FOLDER: the program has its page in itself; FOLDER has the sources of the page, each of
which is one raw string of C++."""

import http.client
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.parse

from running_server import SECONDS, running_server

PAGE = {
    "/": ("chat.html", "text/html"),
    "/chat.css": ("chat.css", "text/css"),
    "/chat.js": ("chat.js", "text/javascript"),
    "/client.js": ("client.js", "text/javascript"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}


def ask(url, method, path):
    where = urllib.parse.urlsplit(url)
    page = http.client.HTTPConnection(where.hostname, where.port, timeout=SECONDS)
    page.request(method, path)
    answer = page.getresponse()
    body = answer.read().decode()
    page.close()
    return answer, body


def main(server, folder):
    with running_server(server, "0") as url:
        for path, (name, kind) in PAGE.items():
            answer, body = ask(url, "GET", path)
            source = (pathlib.Path(folder) / name).read_text()
            text = re.fullmatch(r'R"(\w+)\((.*)\)\1"\n', source, re.DOTALL)
            assert text and body == text[2], f"{path} is not {name}"
            assert answer.getheader("Content-Type") == f"{kind}; charset=utf-8"
            assert "default-src 'none'" in answer.getheader("Content-Security-Policy")
            assert ask(url, "POST", path)[0].status == 405

    with tempfile.TemporaryDirectory() as given:
        client = pathlib.Path(given) / "client.js"
        missing = subprocess.run(
            [server, "0", client], capture_output=True, encoding="utf-8", timeout=SECONDS
        )
        assert (missing.returncode, missing.stdout) == (1, ""), missing
        assert missing.stderr == f"cannot read {client}\n", missing
        client.write_text("export const createConsumer = null;\n")
        with running_server(server, "0", str(client)) as url:
            assert ask(url, "GET", "/client.js")[1] == client.read_text()


if __name__ == "__main__":
    main(*sys.argv[1:])
