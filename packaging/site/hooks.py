"""What MkDocs needs beyond mkdocs.yml, so that the pages stay as GitHub shows them.

- Pages of the repository's root (README.md, ...) are pages of the site too.
- A link means what it means in the repository: to a page, that page; to anything else that exists, the source tree at
  repo_url. What exists nowhere is left as it is, and MkDocs refuses it.
- Comments to tests are left out, and lists are indented as Python's Markdown wants them: by four.
"""

import os
import re
from pathlib import Path

from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor
from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[2]
ROOT_PAGES = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "SECURITY.md": "security.md",
              "CHANGELOG.md": "changelog.md"}
STYLE = ROOT / "packaging/site/site.css"
FENCE = re.compile(r"^`{3,}")
COMMENT = re.compile(r"^\s*<!--.*-->\s*$")
ITEM = re.compile(r"^([-*]|\d+\.) +")
FOUR = 4


def in_repository(page):
    """Path of a page of the site in the repository."""
    return next((name for name, page_name in ROOT_PAGES.items() if page_name == page), f"docs/{page}")


def in_site(path):
    """The reverse; None for what is no part of the site."""
    return ROOT_PAGES.get(path) or (path.removeprefix("docs/") if path.startswith("docs/") else None)


def resolved(target, page, source):
    """A link of `page` as MkDocs wants it. `source`: address of the repository's root."""
    path, mark, anchor = target.partition("#")
    if not path or re.match(r"^[a-z]+:", path):
        return target
    path = os.path.normpath(os.path.join(os.path.dirname(in_repository(page)), path))
    if path.startswith("..") or not (ROOT / path).exists():
        return target
    if in_site(path) is None:
        return f"{source}{path}{mark}{anchor}"
    return os.path.relpath(in_site(path), os.path.dirname(page) or ".") + mark + anchor


class Links(Treeprocessor):
    """Rewrites links once Markdown has been read, so that code is never taken for one."""

    page, source = "", ""

    def run(self, root):
        for element in root.iter():
            for attribute in ("href", "src"):
                if target := element.get(attribute):
                    element.set(attribute, resolved(target, self.page, self.source))


class LinksExtension(Extension):
    def __init__(self, links):
        super().__init__()
        self.links = links

    def extendMarkdown(self, md):
        md.treeprocessors.register(self.links, "interlock_links", 5)  # MkDocs's own comes last, at 0


LINKS = Links()


def on_config(config):
    LINKS.source = f"{config.repo_url.rstrip('/')}/{config.edit_uri.removesuffix('docs/')}"
    config.markdown_extensions.append(LinksExtension(LINKS))
    return config


def on_files(files, config):
    for name, page in ROOT_PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / name).read_text()))
    files.append(File.generated(config, STYLE.name, abs_src_path=str(STYLE)))
    return files


def prepared(text):
    """Without comments on lines of their own; what belongs to a list's item indented by four. Fenced blocks as they are."""
    lines, fenced, width = [], False, 0
    for line in text.splitlines():
        if FENCE.match(line):
            fenced, width = not fenced, 0
        elif not fenced and COMMENT.match(line):
            line = ""
        elif not fenced and (item := ITEM.match(line)):
            width = item.end()
        elif line and not line.startswith(" "):
            width = 0
        if width and line.startswith(" " * width):
            line = " " * (FOUR - width) + line
        lines.append(line)
    return "\n".join(lines)


def on_page_markdown(markdown, page, **_):
    LINKS.page = page.file.src_uri
    return prepared(markdown)
