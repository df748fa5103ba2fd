"""How a text is looked for in the keys of titles and names: anywhere in them, or at their beginning when it is short.

Invariant: `holds` is what a search means, exactly; `candidates_select` finds at least the records that it holds for.
Every character means itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    and_,
    column,
    false,
    func,
    or_,
    select,
    table,
    tablesample,
    union,
    union_all,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import aliased
from sqlalchemy.sql.expression import FunctionElement

from desk.catalog import keys
from desk.catalog.models import Author, Book
from desk.catalog.search_state import SearchMethod

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import InstrumentedAttribute
    from sqlalchemy.sql.compiler import SQLCompiler

__all__ = ["SearchMethod", "candidates_select", "holds", "needle_of"]

LETTERS = 3
"""As many letters make a trigram; a shorter text is looked for at the beginning of keys."""
TRIGRAMS = 64
"""As many of a long text are asked of an index: each narrows what is found, and costs."""

SAMPLED = 1000
"""A sample is about one row in as many."""

SEARCHED: dict[str, dict[str, InstrumentedAttribute[str]]] = {
    "books": {"title": Book.title_key, "author": Author.name_key},
    "authors": {"name": Author.name_key},
}
"""The keys that a search looks into, by table and column."""

_writer = aliased(Author)
_NAME_KEY_OF_BOOK = select(_writer.name_key).where(_writer.id == Book.author_id).correlate(Book).scalar_subquery()

SEARCH_INDEXES: dict[type[Book] | type[Author], str] = {Book: "desk_search_books", Author: "desk_search_authors"}
"""The FTS5 tables of a file; their rowid is the record's id."""
_STATE = table("desk_search", column("name"), column("upto"))
"""Up to which id the records of a table are in its FTS5 table."""


class _Place(FunctionElement[int]):
    """Where the second text begins in the first, 0 for nowhere; no index serves it."""

    type = Integer()
    inherit_cache = True


@compiles(_Place, "sqlite")
def _place_on_sqlite(element: _Place, compiler: SQLCompiler, **options: Any) -> str:
    return f"instr({compiler.process(element.clauses, **options)})"


@compiles(_Place, "postgresql")
def _place_on_postgresql(element: _Place, compiler: SQLCompiler, **options: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **options)})"


def holds(table: str, text: str, column: str | None = None, *, joined: bool = True) -> ColumnElement[bool]:
    """Whether a text is in the key of a column, or of any that a search looks into (None); under three letters, whether
    the key begins with it.

    No index is used for it: it is for verifying, and for walking along another order. The author of books must be
    joined where their names are looked into; if not `joined`, only the authors of books that the title does not tell of
    are looked up, one by one.
    """
    needle = needle_of(text)
    if needle is None:
        return false()
    found: dict[str, Any] = dict(_keys(table, column))
    if "author" in found and not joined:
        found = {**found, "author": _NAME_KEY_OF_BOOK}
    return or_(*(_holds(key, needle) for key in found.values()))


def candidates_select(
    table: str, text: str, method: SearchMethod, limit: int, column: str | None = None
) -> Select[int]:
    """The ids of at most `limit` records that may hold a text, in no order; fewer than that are all there are.

    What they hold still has to be verified, unless the method is SCAN.
    """
    needle = needle_of(text)
    model = Book if table == "books" else Author
    if needle is None:
        return select(model.id).where(false())
    parts = [
        _books_of(_ids(Author, needle, method)) if name == "author" else _ids(model, needle, method)
        for name in _keys(table, column)
    ]
    if len(parts) == 1:
        return parts[0].limit(limit)
    limited = [part.limit(limit).subquery() for part in parts]
    united = union(*(select(part.c.id) for part in limited)).subquery("candidates")
    return select(united.c.id).limit(limit)


def sample_select(table: str, text: str) -> Select[int, int]:
    """About how many (rows, rows whose own key holds the text) a PostgreSQL table has, from one block of a thousand."""
    model = Book if table == "books" else Author
    some = aliased(model, tablesample(model, func.system(100 / SAMPLED)))
    needle = needle_of(text)
    held = false() if needle is None else _holds(_key(model, some), needle)
    return select(func.count() * SAMPLED, func.count().filter(held) * SAMPLED).select_from(some)


def needle_of(text: str) -> str | None:
    """The key that is looked for; None for a text with what no key can be compared with (NUL, half characters)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return None
    return None if "\0" in text else keys.query_key(text)


def _key(model: type[Book] | type[Author], rows: Any = None) -> InstrumentedAttribute[str]:
    """The own key of a table, or of an alias of it."""
    key: InstrumentedAttribute[str] = getattr(rows or model, "title_key" if model is Book else "name_key")
    return key


def _keys(table: str, column: str | None) -> dict[str, InstrumentedAttribute[str]]:
    found = SEARCHED[table]
    return found if column is None else {column: found[column]}


def _holds(key: ColumnElement[str] | InstrumentedAttribute[str], needle: str) -> ColumnElement[bool]:
    if len(needle) < LETTERS:
        return func.substr(key, 1, len(needle)) == needle
    return _Place(key, needle) > 0


def _ids(model: type[Book] | type[Author], needle: str, method: SearchMethod) -> Select[int]:
    """The ids of the records whose own key may hold a text."""
    key = _key(model)
    if len(needle) < LETTERS:
        return select(model.id).where(_begins(key, needle))
    if method is SearchMethod.FTS5:
        return _in_index(model, needle)
    if _has_trigram(needle, method):
        return select(model.id).where(key.like(_pattern(needle)))
    return select(model.id).where(_Place(key, needle) > 0)


def _in_index(model: type[Book] | type[Author], needle: str) -> Select[int]:
    """What FTS5 finds, and what of the records that are not in its index yet holds a text."""
    name = SEARCH_INDEXES[model]
    index = table(name, column("rowid"))
    found = select(index.c.rowid.label("id")).where(column(name, is_literal=True).bool_op("MATCH")(_trigrams(needle)))
    upto = select(_STATE.c.upto).where(_STATE.c.name == model.__tablename__).scalar_subquery()
    others = select(model.id).where(model.id > upto, _Place(_key(model), needle) > 0)
    return select(union_all(found, others).subquery().c.id)


def _books_of(authors: Select[int]) -> Select[int]:
    """The books of authors, who come first: behind a sum SQLite sees no way from all books to their authors."""
    found = authors.subquery()
    return select(Book.id).join_from(found, Book, Book.author_id == found.c.id + 0)


def _begins(key: InstrumentedAttribute[str], needle: str) -> ColumnElement[bool]:
    """One range of the key's index; keys are ordered by code points."""
    behind = _behind(needle)
    return key >= needle if behind is None else and_(key >= needle, key < behind)


def _behind(needle: str) -> str | None:
    """The least text that comes behind everything that begins so; None where there is no such text."""
    while needle and needle[-1] == "\U0010ffff":
        needle = needle[:-1]
    if not needle:
        return None
    last = "\ue000" if needle[-1] == "\ud7ff" else chr(ord(needle[-1]) + 1)  # between them are half characters
    return needle[:-1] + last


def _trigrams(needle: str) -> str:
    """A question to FTS5: every trigram of a text, each as a string, because without positions there are no phrases."""
    found = list(dict.fromkeys(needle[begin : begin + LETTERS] for begin in range(len(needle) - LETTERS + 1)))
    step = -(-len(found) // TRIGRAMS)
    return " AND ".join('"' + one.replace('"', '""') + '"' for one in found[::step])


def _pattern(needle: str) -> str:
    """A text anywhere, for LIKE with its own escape."""
    for special in "\\%_":
        needle = needle.replace(special, "\\" + special)
    return f"%{needle}%"


_LETTERS_OF: dict[SearchMethod, Callable[[str], bool]] = {
    SearchMethod.SCAN: lambda _char: False,
    SearchMethod.TRIGRAM: str.isalnum,
    SearchMethod.TRIGRAM_ASCII: lambda char: char.isascii() and char.isalnum(),
}
"""What a server's index keeps of a key: of a text without letters in a row it would read all it has."""


def _has_trigram(needle: str, method: SearchMethod) -> bool:
    run = 0
    for char in needle:
        run = run + 1 if _LETTERS_OF[method](char) else 0
        if run == LETTERS:
            return True
    return False
