"""python3 tests/properties.py BEFORE [AFTER]: which properties the tests of two commits hold, by their names: how many, which are
gone, which are new. For a change of the suite, to show what was dropped."""

import re
import subprocess
import sys


def git(*words):
    return subprocess.check_output(["git", *words], text=True)


def names_in(file, text):
    if file.endswith(".cpp"):
        cases = re.finditer(r'TEST_CASE\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+)', text)
        return {"".join(re.findall(r'"((?:[^"\\]|\\.)*)"', case.group(1))) for case in cases}
    return set(re.findall(r'\(\s*f?"([^"]+)",\s*\w', text[text.rfind("main("):]))


def properties(commit):
    files = [file for file in git("ls-tree", "-r", "--name-only", commit, "tests").split() if re.search(r"_test\.(cpp|py)$", file)]
    return {(file, name) for file in files for name in names_in(file, git("show", f"{commit}:{file}"))}


before, after = properties(sys.argv[1]), properties(sys.argv[2] if len(sys.argv) > 2 else "HEAD")
for what, names in (("before", before), ("after", after)):
    units = sum(file.endswith(".cpp") for file, _ in names)
    print(f"{what}: {units} in C++, {len(names) - units} in Python")
for what, names in (("gone", before - after), ("new", after - before)):
    print(f"{what}:")
    for file, name in sorted(names):
        print(f"  {file}: {name}")
