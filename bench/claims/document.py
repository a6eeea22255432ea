"""Puts tables into the pages that have a place for them, each between its own two marks; all else is written by hand."""

import re

import paths

PAGES = [paths.ROOT / "docs" / name for name in ("results.md", "choosing_a_horizon.md")]
END = "<!-- claims: end -->"


def _place(name):
    return re.compile(re.escape(f"<!-- claims: {name} -->\n") + "(.*?)" + re.escape(END), re.DOTALL)


def text(name):
    """What stands there now."""
    return next(found[1] for page in PAGES if (found := _place(name).search(page.read_text(encoding="utf-8"))))


def put(blocks):
    """{name: text}. A name without marks in any page is an error: nobody would miss it otherwise."""
    texts = {page: page.read_text(encoding="utf-8") for page in PAGES}
    for name, block in blocks.items():
        begin = f"<!-- claims: {name} -->"
        places = [page for page in PAGES if _place(name).search(texts[page])]
        if not places:
            raise SystemExit(f"no page has a place for '{name}' ({begin} ... {END}): {', '.join(map(str, PAGES))}")
        for page in places:
            texts[page] = _place(name).sub(lambda _, new=f"{begin}\n{block}\n{END}": new, texts[page])
    for page in PAGES:
        page.write_text(texts[page], encoding="utf-8")
