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
from desk.catalog.trigrams import LETTERS, Rarest, all_of, rarest_in, trigrams_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.orm import InstrumentedAttribute
    from sqlalchemy.sql.compiler import SQLCompiler

__all__ = ["SearchMethod", "candidates_select", "holds", "needle_of"]

SAMPLED = 64
"""A sample is about as many blocks of a table, of which a server reads a few dozen rows each."""
BLOCK_BYTES = 8192

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


def holds(
    table: str, text: str, column: str | None = None, *, joined: bool = True, method: SearchMethod = SearchMethod.SCAN
) -> ColumnElement[bool]:
    """Whether a text is in the key of a column, or of any that a search looks into (None); under three letters, whether
    the key begins with it.

    No index is used for it: it is for verifying, and for walking along another order. The author of books must be
    joined where their names are looked into; if not `joined`, only the authors of books that the title does not tell of
    are looked up, one by one, and none at all where an index (`method`) knows that no author's name holds the text: an
    index of titles is enough for most texts then.
    """
    needle = needle_of(text)
    if needle is None:
        return false()
    found = {name: _holds(key, needle) for name, key in _keys(table, column).items()}
    if "author" in found and not joined:
        by_name = _holds(_NAME_KEY_OF_BOOK, needle)
        found["author"] = and_(_is_in_a_name(needle, method), by_name) if _is_served(needle, method) else by_name
    return or_(*found.values())


def candidates_select(
    table: str, text: str, method: SearchMethod, limit: int, column: str | None = None, *, closely: bool = False
) -> Select[int]:
    """The ids of at most `limit` records that may hold a text, in no order; fewer than that are all there are.

    What they hold still has to be verified, unless the method is SCAN. A file's index is asked for the rarest trigrams
    of the text only, which is many times as fast, or `closely` for all of them.
    """
    needle = needle_of(text)
    model = Book if table == "books" else Author
    if needle is None:
        return select(model.id).where(false())
    parts = [
        _books_of(_ids(Author, needle, method, closely)) if name == "author" else _ids(model, needle, method, closely)
        for name in _keys(table, column)
    ]
    if len(parts) == 1:
        return parts[0].limit(limit)
    limited = [part.limit(limit).subquery() for part in parts]
    united = union(*(select(part.c.id) for part in limited)).subquery("candidates")
    return select(united.c.id).limit(limit)


def sample_select(table: str) -> Select[str, int, float]:
    """(the own keys of some rows of a PostgreSQL table as one text, how many they are, the share of all that they are);
    None for the text of none."""
    model = Book if table == "books" else Author
    share = func.least(1.0, SAMPLED * BLOCK_BYTES / func.greatest(func.pg_relation_size(table), 1.0))
    some = aliased(model, tablesample(model, func.system(select(share * 100).scalar_subquery())))
    return select(func.string_agg(_key(model, some), "\n"), func.count(), share).select_from(some)


def matches(table: str, text: str, method: SearchMethod, sample: str) -> ColumnElement[bool] | None:
    """The condition of a search as `holds` has it, for which PostgreSQL uses its index, and asks it for those trigrams
    only that are rare in a sample of keys; None where no index serves the text."""
    needle = needle_of(text)
    if needle is None or not _is_served(needle, method):
        return None
    rare = rarest_in([one for one in trigrams_of(needle) if _has_trigram(one, method)], sample)
    authors = select(Author.id).where(_found(Author, needle, rare)).scalar_subquery()
    by_author = Book.author_id == func.any(func.array(authors))
    own = _found(Book if table == "books" else Author, needle, rare)
    return or_(*(by_author if name == "author" else own for name in _keys(table, None)))


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


def _holds(key: Any, needle: str) -> ColumnElement[bool]:
    if len(needle) < LETTERS:
        return func.substr(key, 1, len(needle)) == needle
    return _Place(key, needle) > 0


def _found(model: type[Book] | type[Author], needle: str, trigrams: Sequence[str]) -> ColumnElement[bool]:
    """Whether the own key holds a text, of which an index is asked for some trigrams."""
    key = _key(model)
    return and_(*(key.like(_pattern(one)) for one in trigrams), _holds(key, needle))


def _is_in_a_name(needle: str, method: SearchMethod) -> ColumnElement[bool]:
    """Whether the name of any author holds a text: a question that a database answers once.

    A server that is asked whether there is a row prefers to read all of them, and hopes; what it has to keep it plans
    as a whole.
    """
    may = _ids(Author, needle, method, closely=False).cte("may", nesting=True)
    may = may.prefix_with("MATERIALIZED", dialect="postgresql")
    author = aliased(Author)
    return (
        select(author.id)
        .join_from(may, author, author.id == may.c.id + 0)
        .where(_holds(author.name_key, needle))
        .exists()
    )


def _is_served(needle: str, method: SearchMethod) -> bool:
    """Whether an index finds what may hold a text."""
    return len(needle) >= LETTERS and (method is SearchMethod.FTS5 or _has_trigram(needle, method))


def _ids(model: type[Book] | type[Author], needle: str, method: SearchMethod, closely: bool) -> Select[int]:
    """The ids of the records whose own key may hold a text."""
    key = _key(model)
    if len(needle) < LETTERS:
        return select(model.id).where(_begins(key, needle))
    if method is SearchMethod.FTS5:
        return _in_index(model, needle, closely)
    if _has_trigram(needle, method):
        return select(model.id).where(key.like(_pattern(needle)))
    return select(model.id).where(_Place(key, needle) > 0)


def _in_index(model: type[Book] | type[Author], needle: str, closely: bool) -> Select[int]:
    """What FTS5 finds, and what of the records that are not in its index yet holds a text."""
    name = SEARCH_INDEXES[model]
    index = table(name, column("rowid"))
    trigrams = trigrams_of(needle)
    question = all_of(trigrams) if closely else Rarest(name, trigrams)
    found = select(index.c.rowid.label("id")).where(column(name, is_literal=True).bool_op("MATCH")(question))
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
