"""Reads a Markdown page: its headings, links, inline code and code blocks, and what a comment above a block says of it.

A block of commands is fenced as ```sh. The comment on the line before it, which readers do not see, says how the test of
the docs treats it; without one it is run as it stands.

  <!-- not run: REASON -->          never run; its commands and options are looked up all the same
  <!-- run with: key=value ... -->  these overrides are added to each training command, to make it short
  <!-- interrupt -->                Ctrl-C once the first step is done; must end with code 75
  <!-- exit code: N -->             must end with this code
  <!-- file: NAME -->               above YAML: it is written to this file, for the commands after it
  <!-- output -->                   above a block without a language: what the block before it prints, figures aside
"""

import re
from pathlib import Path

_COMMENT = re.compile(r"^<!--\s*(not run|run with|interrupt|exit code|output|file)\s*:?\s*(.*?)\s*-->$")
ROOT_PAGES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
SHELL = ("sh", "bash", "shell", "console")


class Block:
    """A fenced or indented block; `line` counts from 1."""

    def __init__(self, page, line, language, lines, marks):
        self.page, self.line, self.language, self.lines, self.marks = page, line, language, lines, marks

    @property
    def text(self):
        return "\n".join(self.lines)

    @property
    def is_shell(self):
        return self.language in SHELL

    def __str__(self):
        return f"{self.page}:{self.line}"


class Page:
    def __init__(self, root, name):
        self.name = name
        self.folder = (root / name).parent
        self.blocks, self.links, self.code, self.anchors = [], [], [], set()
        self._read((root / name).read_text().splitlines())

    def _read(self, lines):
        marks, i = {}, 0
        while i < len(lines):
            line = lines[i]
            comment = _COMMENT.match(line.strip())
            fence = re.match(r"^(\s*)(`{3,})(\w*)\s*$", line)
            if fence:
                end = next((j for j in range(i + 1, len(lines)) if lines[j].strip() == fence.group(2)), len(lines))
                indent = len(fence.group(1))
                content = [one[indent:] for one in lines[i + 1:end]]
                self.blocks.append(Block(self.name, i + 1, fence.group(3), content, marks))
                marks, i = {}, end + 1
                continue
            if comment:
                marks = {**marks, comment.group(1): comment.group(2)}
            elif line.startswith("    ") and (i == 0 or not lines[i - 1].strip()) and not self._in_list(lines, i):
                end = next((j for j in range(i, len(lines)) if lines[j].strip() and not lines[j].startswith("    ")),
                           len(lines))
                self.blocks.append(Block(self.name, i + 1, "indented", [one[4:] for one in lines[i:end]], marks))
                marks, i = {}, end
                continue
            elif line.strip():
                marks = {}
                self._read_prose(i + 1, line)
            i += 1

    @staticmethod
    def _in_list(lines, i):
        before = next((one for one in reversed(lines[:i]) if one.strip() and not one.startswith("    ")), "")
        return bool(re.match(r"^\s*([-*]|\d+\.)\s", before)) or before.startswith("  ")

    def _read_prose(self, number, line):
        heading = re.match(r"^#+\s+(.*)$", line)
        if heading:
            self.anchors.add(slug(heading.group(1)))
        for code in re.findall(r"`([^`]+)`", line):
            self.code.append((number, code))
        prose = re.sub(r"`[^`]*`", "``", line)
        for target in re.findall(r"\]\(([^)\s]+)\)", prose):
            self.links.append((number, target))


def slug(heading):
    """The anchor that GitHub gives a heading."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
    return re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")


def pages(root):
    names = [*ROOT_PAGES, *sorted(f"docs/{path.name}" for path in (Path(root) / "docs").glob("*.md"))]
    return [Page(Path(root), name) for name in names]
