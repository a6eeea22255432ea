"""Puts tables into the pages that have a place for them, each between its own two marks; all else is written by hand."""

import re

import paths

PAGES = [paths.ROOT / "docs" / name for name in ("results.md", "choosing_a_horizon.md")]
END = "<!-- claims: end -->"


def put(blocks):
    """{name: text}. A name without marks in any page is an error: nobody would miss it otherwise."""
    texts = {page: page.read_text(encoding="utf-8") for page in PAGES}
    for name, block in blocks.items():
        begin = f"<!-- claims: {name} -->"
        pattern = re.compile(re.escape(begin) + ".*?" + re.escape(END), re.DOTALL)
        places = [page for page, text in texts.items() if pattern.search(text)]
        if not places:
            raise SystemExit(f"no page has a place for '{name}' ({begin} ... {END}): {', '.join(map(str, PAGES))}")
        for page in places:
            texts[page] = pattern.sub(lambda _, new=f"{begin}\n{block}\n{END}": new, texts[page])
    for page, text in texts.items():
        page.write_text(text, encoding="utf-8")
