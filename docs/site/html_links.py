# SPDX-License-Identifier: BSL-1.0
"""Every relative link and anchor of the generated site resolves, and nothing external is loaded."""

import html.parser
import os
import pathlib
import re
import urllib.parse

# What Doxygen shows instead of a page when it misreads the page's text.
MISREAD = re.compile(r"[@\\](?:ref|code|endcode)\b|&lt;/?(?:tt|code)&gt;")
LOADED = {("script", "src"), ("img", "src"), ("link", "href"), ("object", "data"), ("iframe", "src")}


class Document(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.ids = set()
        self.links = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name == "id" or (tag == "a" and name == "name"):
                self.ids.add(value)
            elif value and (name in ("href", "src") or (tag, name) in LOADED):
                self.links.append((tag, name, value, self.getpos()[0]))


def check(out):
    documents = {path: Document(path.read_text("utf-8")) for path in sorted(out.glob("*.html"))}
    for path, document in documents.items():
        for match in MISREAD.finditer(path.read_text("utf-8")):
            yield f"{path.name}: shows {match[0]}"
        for tag, name, value, line in document.links:
            place = f"{path.name}:{line}"
            if re.match(r"[a-z]+:|//", value):
                if value.startswith("javascript:"):
                    continue
                if (tag, name) in LOADED:
                    yield f"{place}: loads {value}"
                continue
            target, _, anchor = urllib.parse.unquote(value).partition("#")
            to = pathlib.Path(os.path.normpath(out / target)) if target else path
            if not to.exists():
                yield f"{place}: there is no {target}"
            elif anchor and to in documents and anchor not in documents[to].ids:
                yield f"{place}: {to.name} has no #{anchor}"
