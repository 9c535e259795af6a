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


def check(out, found):
    """Complaints about the pages in `out`, and about `found`, the addresses by name of the field that finds them."""
    documents = {path: Document(path.read_text("utf-8")) for path in sorted(out.glob("*.html"))}

    def lead_nowhere(place, address, start):
        target, _, anchor = urllib.parse.unquote(address).partition("#")
        to = pathlib.Path(os.path.normpath(out / target)) if target else start
        if not to.exists():
            yield f"{place}: there is no {target}"
        elif anchor and to in documents and anchor not in documents[to].ids:
            yield f"{place}: {to.name} has no #{anchor}"

    for path, document in documents.items():
        for match in MISREAD.finditer(path.read_text("utf-8")):
            yield f"{path.name}: shows {match[0]}"
        for tag, name, value, line in document.links:
            place = f"{path.name}:{line}"
            if not re.match(r"[a-z]+:|//", value):
                yield from lead_nowhere(place, value, path)
            elif (tag, name) in LOADED and not value.startswith("javascript:"):
                yield f"{place}: loads {value}"
    for name, address in found.items():
        yield from lead_nowhere(name, address, out)
