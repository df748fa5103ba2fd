"""Which trigrams of a text are asked of an index: the rarest few find little else than all of them do.

An index reads a list of records for each trigram that it is asked for, and the lists of common ones are long. What is
found has to be verified anyway, so any of a text's trigrams are a right question.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, literal, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.sql.compiler import SQLCompiler

LETTERS = 3
"""As many letters make a trigram; a shorter text is looked for at the beginning of keys."""
TRIGRAMS = 64
"""As many of a long text are asked of an index: each narrows what is found, and costs."""
FEW = 4
"""As many of the rarest are asked for where a superset will do."""


class Rarest(FunctionElement[str]):
    """A question to an FTS5 table for the few of some trigrams that are in the fewest records.

    How many those are is told by how many of its pages lie between the first with a term that may be the trigram and
    the next one: FTS5 keeps where its pages begin in a table of its own. It is an estimate, read in less than a
    millisecond; counting would read the lists.
    """

    type = Text()
    inherit_cache = True

    def __init__(self, index: str, trigrams: Sequence[str]) -> None:
        super().__init__(literal_column(f"{index}_idx"), literal(json.dumps(trigrams)))


_RAREST = """(
WITH RECURSIVE
segment(id) AS (
    SELECT min(segid) FROM {pages}
    UNION ALL SELECT (SELECT min(segid) FROM {pages} WHERE segid > segment.id) FROM segment WHERE segment.id IS NOT NULL
),
asked(word, term) AS (
    SELECT '"' || replace(value, '"', '""') || '"', CAST('0' || value AS BLOB) FROM json_each({trigrams})
)
SELECT group_concat(word, ' AND ') FROM (
    SELECT word FROM asked ORDER BY (
        SELECT sum(
            coalesce(
                (SELECT pgno FROM {pages} WHERE segid = segment.id AND term > asked.term ORDER BY term LIMIT 1),
                (SELECT max(pgno) FROM {pages} WHERE segid = segment.id)
            ) - coalesce(
                (SELECT pgno FROM {pages} WHERE segid = segment.id AND term <= asked.term ORDER BY term DESC LIMIT 1), 0
            )
        ) FROM segment WHERE segment.id IS NOT NULL
    ) LIMIT {few}
))"""


@compiles(Rarest, "sqlite")
def _rarest_on_sqlite(element: Rarest, compiler: SQLCompiler, **options: Any) -> str:
    pages, trigrams = (compiler.process(part, **options) for part in element.clauses)
    return _RAREST.format(pages=pages, trigrams=trigrams, few=FEW)


def trigrams_of(needle: str) -> list[str]:
    """The different trigrams of a text, in its order; of a long one as many as are asked for."""
    found = list(dict.fromkeys(needle[begin : begin + LETTERS] for begin in range(len(needle) - LETTERS + 1)))
    return found[:: -(-len(found) // TRIGRAMS)]


def all_of(trigrams: Sequence[str]) -> str:
    """A question to FTS5 for trigrams, each as a string, because without positions there are no phrases."""
    return " AND ".join('"' + one.replace('"', '""') + '"' for one in trigrams)


def rarest_in(trigrams: Sequence[str], sample: str) -> list[str]:
    """The few of some trigrams that are least often in a sample of texts."""
    return sorted(trigrams, key=sample.count)[:FEW]
