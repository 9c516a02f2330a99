from __future__ import annotations

import ast

import pytest

from assay.patchset.merging.routes import entries, meet


def _entries(decorator: str) -> tuple[str, ...]:
    (function,) = ast.parse(f"@{decorator}\ndef f(): pass").body
    assert isinstance(function, ast.FunctionDef)
    return entries(function.decorator_list)


@pytest.mark.parametrize(
    ("one", "other", "met"),
    [
        ("app.get('/u/{id}')", "app.get('/u/me')", True),
        ("app.route('/u/<int:id>')", "app.route('/u/<name>/')", True),
        ("app.get('/u')", "app.get('/u')", True),
        ("app.get('/{rest:path}')", "app.get('/a/b/c')", True),
        ("app.get('/a/b/c')", "app.get('/a/*')", True),
        ("app.get('/u/{id}')", "app.get('/v/{id}')", False),
        ("app.get('/u/{id}')", "app.get('/u/{id}/posts')", False),
        ("app.get('/u/{id}')", "app.post('/u/{id}')", False),
        ("app.get('/u/{id}')", "admin.get('/u/{id}')", False),
        ("app.get('/a')", "app.get('/b')", False),
        ("app.errorhandler(404)", "app.errorhandler(404)", True),
        ("app.errorhandler(404)", "app.errorhandler(500)", False),
        ("show.register(str)", "show.register(str)", True),
        ("show.register(str)", "show.register(int)", False),
        ("mock.patch('a.b')", "mock.patch('a.b')", False),
        ("parametrize('a', x)", "parametrize('a', x)", False),
        ("cli.command()", "cli.command()", False),
    ],
)
def test_routes_meet_where_one_may_be_taken_for_the_other(one: str, other: str, met: bool) -> None:
    assert meet(_entries(one), _entries(other)) is met
    assert meet(_entries(other), _entries(one)) is met
