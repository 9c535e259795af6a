# SPDX-License-Identifier: BSL-1.0
"""Builds the documentation in the folder given: build.py build/docs.

Doxygen gets the headers, and copies of the pages with Doxygen's references in place of relative links. A file
of the repository that a page links gets a page of its own.
"""

import html
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree

SITE = pathlib.Path(__file__).parent
ROOT = SITE.parents[1]
sys.path.append(str(ROOT / "cmake/checks"))

import defaults
import figures
import html_links
import links
import pages

# Folders below a layer's folder are implementations, except these of their headers.
PUBLIC = {
    "asio/accepting/shutdown_functions.hpp",
    "asio/session/session_data.hpp",
}
REFERENCE = [
    ("headers.html", "Headers"),
    ("annotated.html", "Classes"),
    ("namespaces.html", "Namespaces"),
]


def internal_headers():
    headers = ROOT / "include/hawser"
    for path in sorted(headers.glob("*/*/*.hpp")):
        if path.relative_to(headers).as_posix() not in PUBLIC:
            yield path.relative_to(ROOT).as_posix()


def version():
    text = (ROOT / "include/hawser/version.hpp").read_text("utf-8")
    return re.search(r'version = "([0-9.]+)"', text)[1]


def sidebar():
    groups = [(group, [(page.html, page.title) for page in listed]) for group, listed in pages.groups(ROOT)]
    for group, entries in [*groups, ("Reference", REFERENCE)]:
        yield f"<h2>{html.escape(group)}</h2>\n<ul>"
        for address, title in entries:
            yield f'<li><a href="{address}">{html.escape(title)}</a></li>'
        yield "</ul>"


def page_link(path):
    """The name of a page, as comments have it, with a link."""
    return f'<a href="{pages.name_of(path[0])}.html">{path[0]}</a>'


def without_guesses(code):
    """Code of a page with links for names with their scope and for headers, and no others."""
    return re.sub(r"<a [^>]*>((?:(?!::|\.hpp|</a>).)*)</a>", r"\1", code[0], flags=re.DOTALL)


def mend(text, is_page):
    """A page of Doxygen without links that lead nowhere or elsewhere.

    It announces nested classes also where it shows none, because all are private. It takes each variable of an
    example for an enumerator of the same name, and on a page each function for one in the namespace. It makes links
    of the addresses in examples.
    """
    if 'name="nested-classes"' not in text:
        text = re.sub(r'<a href="#nested-classes">Classes</a>( &#124;)?', "", text)
    text = re.sub(r"(?<=[ (])docs/([\w-]+\.md)", page_link, text)
    text = re.sub(r' *<a href="[^"]*">More...</a><br />', "", text)
    text = re.sub(r'(?<!::)<a class="code hl_enumvalue" href="[^"]*">(\w+)</a>', r"\1", text)
    return re.sub(r"<code>.*?</code>", without_guesses, text, flags=re.DOTALL) if is_page else text


def names(site):
    """(name, address) of what the field in the sidebar finds."""
    for page in pages.all_pages(ROOT):
        yield page.title, page.html
        for anchor, heading in page.sections:
            yield f"{heading} ({page.title})", f"{page.html}#{anchor}"
    root = xml.etree.ElementTree.parse(site / "names.xml").getroot()
    for compound in root:
        if compound.get("kind") in ("class", "struct", "concept", "namespace"):
            scope = compound.findtext("name").removeprefix("hawser::")
            yield scope, html_name(compound.findtext("filename"))
            for member in compound.iter("member"):
                own = member.findtext("name") if scope == "hawser" else f"{scope}::{member.findtext('name')}"
                yield own, f"{html_name(member.findtext('anchorfile'))}#{member.findtext('anchor')}"
                for value in member.iter("enumvalue"):
                    yield f"{own}::{value.text}", f"{value.get('file')}#{value.get('anchor')}"


def html_name(file):
    return file if file.endswith(".html") else f"{file}.html"


def build(site):
    out = site / "html"
    for folder in (out, site / "pages"):
        shutil.rmtree(folder, ignore_errors=True)
    out.mkdir(parents=True)
    for name, text in figures.all_figures(ROOT).items():
        if (ROOT / "docs" / name).read_text("utf-8") != text:
            sys.exit(f"docs/{name} is not what the headers say: run python3 -B docs/site/figures.py")
    pages.write(ROOT, site / "pages", out)
    header = (SITE / "header.html").read_text("utf-8")
    (site / "header.html").write_text(header.replace("@SIDEBAR@", "\n".join(sidebar())), "utf-8")
    settings = {
        "HAWSER_SITE": os.path.relpath(site, ROOT),
        "HAWSER_VERSION": version(),
        "HAWSER_INTERNAL": " ".join(internal_headers()),
    }
    done = subprocess.run(["doxygen", "docs/site/Doxyfile"], cwd=ROOT, env={**os.environ, **settings})
    if done.returncode != 0:
        sys.exit(done.returncode)
    own = {page.html for page in pages.all_pages(ROOT)}
    for path in out.glob("*.html"):
        path.write_text(mend(path.read_text("utf-8"), path.name in own), "utf-8")
    shutil.copy(SITE / "find.js", out)
    listed = dict(reversed(list(names(site))))
    (out / "names.js").write_text(f"const names = {json.dumps(list(listed.items()))};\n", "utf-8")
    found = [*defaults.check(ROOT), *links.check(ROOT), *html_links.check(out, listed)]
    print("".join(line + "\n" for line in found), end="")
    if found:
        sys.exit(1)
    count = len(list(out.glob("*.html")))
    print(f"{count} pages without a warning, all links and anchors resolve: {out / 'index.html'}")


if __name__ == "__main__":
    build(pathlib.Path(sys.argv[1]).resolve())
