from __future__ import annotations

import ast
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.delta.build import build
from assay.delta.compose_delta import section

CODE = b'''import os
import sys


def total(rows, limit):
    """Sums."""
    result = 0
    for row in rows:
        if row.price > limit:
            result += row.price * row.count
    return result


def other(path):
    return os.path.join(path, sys.prefix)
'''


@pytest.fixture
def of(repo, tree_of):
    def delta(before, after):
        return build(repo, tree_of(before), tree_of(after), ())

    return delta


def noise_of(of, after: bytes, path: str = "pkg/a.py"):
    found = of({path: CODE}, {path: after})
    return found, found.noise


def test_formatting_is_counted_and_is_no_change(of):
    found, noise = noise_of(of, CODE.replace(b"(rows, limit)", b"(\n    rows,\n    limit,\n)"))
    assert found.symbols == ()
    assert found.intents == ()
    assert noise.formatting == noise.changed > 0


def test_comments_and_blank_lines_are_counted(of):
    found, noise = noise_of(of, CODE.replace(b"    result = 0\n", b"    # start\n\n    result = 0\n"))
    assert (noise.comments, noise.lines, noise.changed) == (2, 2, 2)
    assert found.symbols == ()


def test_what_looks_like_a_comment_inside_a_string_is_none(of):
    before = b'X = """\n# heading\n\ntext\n"""\n'
    found = of({"pkg/a.py": before}, {"pkg/a.py": before.replace(b"# heading", b"# title\n")})
    assert found.noise.lines == 0
    assert [s.symbol for s in found.symbols] == ["X"]


def test_a_block_that_is_only_indented_otherwise_is_counted_beside_what_indents_it(of):
    body = b"".join(b"    value_%d = compute(%d, rows)\n" % (n, n) for n in range(4))
    before = b"def f(rows):\n" + body
    after = b"def f(rows):\n    with lock:\n" + body.replace(b"    value", b"        value")
    noise = of({"pkg/a.py": before}, {"pkg/a.py": after}).noise
    assert (noise.moved, noise.changed) == (8, 9)


def test_indentation_alone_is_a_change_of_meaning(of):
    body = b"".join(b"    value_%d = compute(%d, rows)\n" % (n, n) for n in range(4))
    before = b"def f(rows):\n    if rows:\n        go()\n" + body
    after = before.replace(b"    value", b"        value")
    assert of({"pkg/a.py": before}, {"pkg/a.py": after}).noise.lines == 0


def test_lines_of_a_function_in_another_order_are_no_noise(of):
    lines = [
        b"    first_of_them(rows, limit)\n",
        b"    second_of_them(rows, limit)\n",
        b"    third_one(rows)\n",
    ]
    before, after = (b"def f(rows, limit):\n" + b"".join(each) for each in (lines, lines[::-1]))
    assert of({"pkg/a.py": before}, {"pkg/a.py": after}).noise.lines == 0


def test_names_of_locals_are_counted_and_are_no_change(of):
    found, noise = noise_of(of, CODE.replace(b"result", b"amount"))
    assert found.symbols == ()
    assert noise.renamed == noise.changed == 6


def test_the_order_of_imports_is_counted(of):
    found, noise = noise_of(of, CODE.replace(b"import os\nimport sys\n", b"import sys\nimport os\n"))
    assert noise.imports == noise.changed > 0
    assert found.symbols == ()


def test_another_import_is_no_noise(of):
    _found, noise = noise_of(of, CODE.replace(b"import sys\n", b"import re\nimport sys\n"))
    assert noise.imports == 0


def test_a_function_that_moved_is_counted_on_both_sides(of):
    start = CODE.index(b"def total")
    end = CODE.index(b"def other")
    found = of(
        {"pkg/a.py": CODE, "pkg/b.py": b"x = 1\n"},
        {"pkg/a.py": CODE[:start] + CODE[end:], "pkg/b.py": b"x = 1\n\n\n" + CODE[start:end]},
    )
    assert [(s.kind.value, s.symbol) for s in found.symbols] == [("moved", "total")]
    assert found.noise.moved == 14
    assert found.noise.lines == found.noise.changed


def test_definitions_in_another_order_have_moved(of):
    start = CODE.index(b"def total")
    end = CODE.index(b"def other")
    found, noise = noise_of(of, CODE[:start] + CODE[end:] + b"\n\n" + CODE[start:end].rstrip() + b"\n")
    assert found.symbols == ()
    assert noise.lines == noise.changed
    assert noise.moved > 0


def test_a_real_change_is_no_noise(of):
    _found, noise = noise_of(of, CODE.replace(b"> limit", b">= limit"))
    assert (noise.lines, noise.changed) == (0, 2)


@pytest.mark.parametrize("path", ["poetry.lock", "src/vendor/lib.py", "web/package-lock.json"])
def test_generated_files_are_counted_as_a_whole(of, path):
    found, noise = noise_of(of, CODE + b"y = 2\n", path)
    assert noise.generated == noise.changed == 1
    assert noise.generated_paths == (path,)
    assert [f.path for f in found.files] == [path]


def test_only_the_base_can_say_that_a_file_is_generated(of):
    marked = b"# DO NOT EDIT\n" + CODE
    assert noise_of(of, marked + b"y = 2\n")[1].generated == 0
    assert of({"pkg/a.py": marked}, {"pkg/a.py": marked + b"y = 2\n"}).noise.generated == 1


SOURCES = ["def f(a, b):\n    return a + b\n", "class C:\n    x = [1, 2]\n\n    def m(self):\n        pass\n",
           "X = {'a': 1}\n", "if X:\n    print(X)\n"]  # fmt: skip


@settings(deadline=None, max_examples=25)
@given(st.lists(st.sampled_from(SOURCES), min_size=1, max_size=4, unique=True), st.integers(0, 99))
def test_what_parses_to_the_same_tree_is_noise_only(parts, seed):
    """Formatting by chance: comments, blank lines and broken lines that leave the tree as it is."""
    import pygit2

    source = "\n".join(parts)
    rng = random.Random(seed)
    lines = source.splitlines()
    for _ in range(5):
        at = rng.randrange(len(lines) + 1)
        lines.insert(at, rng.choice(["", "# a comment", "        # another"]))
    changed = "\n".join(lines).replace("(a, b)", "(a,  b)").replace("[1, 2]", "[1,\n 2]") + "\n"
    assert ast.dump(ast.parse(source)) == ast.dump(ast.parse(changed))
    import tempfile

    from assay.repo.repository import open_repository

    with tempfile.TemporaryDirectory() as place:
        pygit2.init_repository(place, bare=True)
        repo = open_repository(place)

        def tree(text: str) -> str:
            index = pygit2.Index()
            blob = repo.git.create_blob(text.encode())
            index.add(pygit2.IndexEntry("m.py", blob, pygit2.enums.FileMode.BLOB))
            return str(index.write_tree(repo.git))

        found = build(repo, tree(source), tree(changed), ())
    assert found.symbols == ()
    assert found.intents == ()


@pytest.mark.parametrize(
    ("lines", "words"), [(1, "1 comment or blank line"), (3, "3 comments and blank lines")]
)
def test_lines_of_comments_are_counted_in_words_that_fit_their_number(repo, tree_of, lines, words):
    after = CODE + b"# one more\n" * lines
    delta = build(repo, tree_of({"a.py": CODE}), tree_of({"a.py": after}), ())
    shown = [span.text for group in section(delta).groups for each in group.lines for span in each]
    assert any(text.endswith(words) for text in shown)
