"""Opens a view: its first page, and the way in which all others will be found.

Rows that are one run of an index are walked along it. Other matches are listed where they are few: found by an index of
their own, then sorted. Many are walked along the index of the order. An order that no index has is made once, and its
first rows are listed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from desk.catalog import paging, view_queries
from desk.catalog.conditions import texts_of
from desk.catalog.criteria import Criteria, Op
from desk.catalog.orders import order_of
from desk.catalog.paging import PAGE_ROWS, Hits, PageRequest, ViewStart
from desk.catalog.searching import candidates_select, matches, needle_of, sample_select
from desk.catalog.trigrams import LETTERS
from desk.database.prepared import Prepared
from desk.i18n import _
from desk.operations.pages import read_page
from desk.operations.retrying import again_when_lost

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.engine import Dialect
    from sqlalchemy.orm import Session

    from desk.catalog.searching import SearchMethod
    from desk.catalog.view_queries import Statement
    from desk.database.sessions import Sessions

SAMPLE = 1000
"""As many of very many candidates are looked at; when a quarter of them match, the view is taken to have many rows."""
INSIDE = 3
"""As many times more rows are listed where one index holds all that it takes: a tenth of the work for each."""
FREQUENT = 200
"""A text that one row in as many has is walked to."""
_BY_INDEX = {Op.EQUALS: 0, Op.EMPTY: 1, Op.RANGE: 2}
"""The comparisons that an index answers."""


@again_when_lost
def open_view(*, sessions: Sessions, criteria: Criteria) -> ViewStart:
    """The first page of a view, the ids of a view that is listed, and how many rows it has, at least as an estimate.

    Raises KeyError for a column that cannot be sorted.
    """
    with sessions.reading("open view") as session:
        return _Opening(session, criteria, sessions.search).start()


class _Opening:
    """The opening of one view in one session."""

    def __init__(self, session: Session, criteria: Criteria, method: SearchMethod) -> None:
        self._session = session
        self._criteria = criteria
        self._method = method
        self._dialect: Dialect = session.connection().dialect
        self._limit = paging.LISTED * (INSIDE if view_queries.is_inside(criteria) else 1) + 1
        self._sources: list[_Filter | _Text] = [*_filters(criteria), *_texts(criteria, method)]

    def start(self) -> ViewStart:
        begin = time.monotonic()
        if view_queries.is_run(self._criteria):
            return self._walked()
        ids = self._few_hits() if self._criteria.narrows else None
        if ids is not None:
            return self._listed(Hits(ids, complete=True), "")
        if order_of(self._criteria).is_indexed:
            return self._walked()
        top = self._ids(view_queries.top_select(self._criteria), rows=self._limit)
        hits = Hits(top[: paging.LISTED], complete=len(top) < self._limit)
        return self._listed(hits, "" if hits.complete else self._cost(time.monotonic() - begin))

    def _listed(self, hits: Hits, cost: str) -> ViewStart:
        page = read_page(self._session, PageRequest(self._criteria, 0, ids=hits.ids[:PAGE_ROWS]))
        return ViewStart(page, hits, len(hits.ids), hits.complete, cost)

    def _walked(self) -> ViewStart:
        page = read_page(self._session, PageRequest(self._criteria, 0))
        if page.is_last:
            return ViewStart(page, None, len(page.rows), is_exact=True, cost="")
        known = self._capped(self._sources[0]) if view_queries.is_run(self._criteria) else self._limit
        if known < self._limit:
            return ViewStart(page, None, known, is_exact=True, cost="")
        return ViewStart(page, None, self._estimate(), is_exact=False, cost="")

    def _few_hits(self) -> tuple[int, ...] | None:
        """The ids of a view that has few rows, in its order; None when it has more than can be listed."""
        if self._is_one_filter:
            is_few = self._capped(self._sources[0]) < self._limit
            return self._ids(view_queries.few_select(self._criteria)) if is_few else None
        if self._is_text_on_a_server:
            sample = self._sample()
            if sample.is_frequent(self._limit) and order_of(self._criteria).is_indexed:
                return None
            condition = matches(self._criteria.table, self._criteria.search, self._method, sample.keys)
            if condition is not None:
                found = self._ids(view_queries.found_select(self._criteria, condition), rows=self._limit)
                return found if len(found) < self._limit else None
        return self._few_candidates()

    def _few_candidates(self) -> tuple[int, ...] | None:
        """The same, by what may match."""
        some: tuple[int, ...] = ()
        for source in self._sources:
            candidates = self._ids(source.candidates(self._limit))
            if len(candidates) < self._limit:
                return self._sorted(candidates)
            some = candidates[:SAMPLE]
        if some and len(self._sorted(some)) > SAMPLE / 4:
            return None
        found = self._ids(view_queries.matches_select(self._criteria, self._method).limit(self._limit))
        return self._sorted(found) if len(found) < self._limit else None

    @property
    def _is_one_filter(self) -> bool:
        """Whether one filter that an index answers is all there is: its candidates are the view."""
        return (
            len(self._criteria.filters) == len(self._sources) == 1
            and not self._criteria.search
            and isinstance(self._sources[0], _Filter)
        )

    @property
    def _is_text_on_a_server(self) -> bool:
        """Whether a text is all there is. A server reads a row wherever it is to find that the index is right about it:
        that is done once, and not at all for a text that is in so many rows that a walk soon has a page of them."""
        return self._dialect.name != "sqlite" and bool(self._criteria.search) and not self._criteria.filters

    def _sample(self) -> _Sample:
        """A few blocks of the table."""
        statement = sample_select(self._criteria.table)
        ((keys, rows, share),) = Prepared(statement, self._dialect).run(self._session)
        return _Sample(self._criteria.search, keys or "", rows, float(share))

    def _capped(self, source: _Filter | _Text) -> int:
        """How many candidates a source has; the limit stands for as many or more."""
        counted = view_queries.capped_select(source.candidates(self._limit))
        return Prepared(counted, self._dialect).value(self._session) or 0

    def _sorted(self, candidates: Sequence[int]) -> tuple[int, ...]:
        """Those of the candidates that are in the view, in its order."""
        return self._ids(view_queries.hits_select(self._criteria), ids=candidates) if candidates else ()

    def _estimate(self) -> int:
        """About how many rows a walked view has: a server knows from its statistics, a file from its greatest id. Of a
        filtered view a file knows only that they are more than can be listed."""
        if self._dialect.name == "sqlite":
            greatest = Prepared(view_queries.greatest_select(self._criteria), self._dialect)
            return self._limit if self._criteria.narrows else greatest.value(self._session) or 0
        known = [source.candidates(view_queries.EVERYTHING) for source in self._sources] or [
            view_queries.matches_select(self._criteria, self._method)
        ]
        expected = min(Prepared(one, self._dialect).estimate(self._session) for one in known)
        return max(expected, self._limit if self._criteria.narrows else PAGE_ROWS)

    def _cost(self, seconds: float) -> str:
        """What an order without an index costs, for a person."""
        if self._criteria.narrows:
            text = _(
                "No index has this order: only the first {listed:,} rows are shown; finding them took {time:.1f} s."
            )
        else:
            text = _(
                "No index has this order: the first {listed:,} of about {total:,} rows are shown; finding them took"
                " {time:.1f} s."
            )
        return text.format(listed=paging.LISTED, total=self._estimate(), time=seconds)

    def _ids(self, statement: Statement, **values: Any) -> tuple[int, ...]:
        rows = Prepared(statement, self._dialect).run(self._session, **values)
        return tuple([row[0] for row in rows])


@dataclass(frozen=True, slots=True)
class _Sample:
    """What some rows tell of a text: their own keys, how many they are, and which share of all rows that is."""

    text: str
    keys: str
    rows: int
    share: float

    def is_frequent(self, limit: int) -> bool:
        """Whether a text is in as many rows as a limit says, and often enough to be walked to."""
        needle = needle_of(self.text)
        if needle is None:
            return False
        keys = f"\n{self.keys}"
        held = keys.count(needle if len(needle) >= LETTERS else f"\n{needle}")
        return held > limit * self.share and held * FREQUENT > self.rows


@dataclass(frozen=True, slots=True)
class _Filter:
    """A filter that an index answers."""

    criteria: Criteria

    def candidates(self, limit: int) -> Statement:
        return view_queries.passing_select(self.criteria).limit(limit)


@dataclass(frozen=True, slots=True)
class _Text:
    """A text that is looked for, in a column or (None) wherever a search looks."""

    table: str
    text: str
    method: SearchMethod
    column: str | None = None

    def candidates(self, limit: int) -> Statement:
        return candidates_select(self.table, self.text, self.method, limit, self.column)


def _filters(criteria: Criteria) -> Iterator[_Filter]:
    """The filters that an index answers, those first that usually leave the fewest records."""
    known = [one for one in criteria.filters if one.op in _BY_INDEX]
    for one in sorted(known, key=lambda one: _BY_INDEX[one.op]):
        yield _Filter(Criteria(criteria.table, (one,)))


def _texts(criteria: Criteria, method: SearchMethod) -> Iterator[_Text]:
    for text, column in texts_of(criteria):
        yield _Text(criteria.table, text, method, column)
