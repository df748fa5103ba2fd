"""Makes changes of many cells pending as one step: loads their rows, finds their authors, asks about what is not clear.

Invariant: nothing is pending before everything was answered, and then all that was agreed to is, at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot

from desk.catalog.cell_values import MOST_NEW, AuthorName, Refusal
from desk.catalog.columns import TABLES
from desk.catalog.edits import EditKind, RecordKey
from desk.catalog.keys import author_key
from desk.catalog.rows import AuthorRef
from desk.catalog.selection import Block, Selection
from desk.i18n import _, ngettext
from desk.panels.cell_question import ADD, CANCEL, CREATE, ask_about_authors, ask_about_refused, ask_about_rows
from desk.tables.edit_stack import NewAuthor, Original
from desk.tables.record_table import original_of
from desk.work import door
from desk.work.long_job import LongJob, words_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from desk.catalog.columns import Column
    from desk.operations.connect import OpenCatalogue
    from desk.panels.context import Context
    from desk.tables.edit_stack import EditStack
    from desk.tables.record_table import RecordTable


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell and the value that it will have; `row` is the grid's, from 0; those behind its last row are new ones."""

    row: int
    column: Column
    value: Any


@dataclass(frozen=True, slots=True)
class CellChanges:
    """What one command wants: `step` names it in the menu, `nothing` says what did not happen when it ends in vain."""

    step: str
    nothing: str
    cells: tuple[Cell, ...]
    refused: tuple[Refusal, ...] = ()


@dataclass(slots=True)
class _Work:
    """One command under way."""

    wanted: CellChanges
    catalogue: OpenCatalogue
    shift: int
    """The new records above the rows of the view when it began."""
    end: int
    """The grid's rows then: from here on cells belong to new records."""
    originals: dict[int, Original] = field(default_factory=dict)


class CellChanging(QObject):
    """The changes of many cells of one grid. `asked` carries a CellQuestion to be answered."""

    asked = Signal(object)

    def __init__(self, table: RecordTable, context: Context, parent: QObject) -> None:
        super().__init__(parent)
        self._table = table
        self._context = context
        self._work: _Work | None = None
        self._rows = LongJob(context.runner, self)
        self._authors = LongJob(context.runner, self)
        self._rows.ended.connect(self._on_rows_loaded)
        self._authors.ended.connect(self._on_authors_matched)
        for job in (self._rows, self._authors):
            job.failed.connect(self._on_failed)

    @property
    def is_working(self) -> bool:
        """Whether changes are under way: rows or an answer are waited for."""
        return self._work is not None

    def begin(self, wanted: CellChanges) -> None:
        """Makes the changes pending, once everything about them is clear."""
        if self._work is not None:
            self._tell(_("Cells are being changed already: answer that first."))
            return
        if not self._context.can_edit or self._context.catalogue is None:
            self._tell(self._context.read_only or _("Nothing can be changed now."))
            return
        self._work = _Work(wanted, self._context.catalogue, self._table.fresh, self._table.rowCount())
        self._ask_about_rows(self._work)

    # Steps

    def _ask_about_rows(self, work: _Work) -> None:
        beyond = {cell.row for cell in work.wanted.cells if cell.row >= work.end}
        if not beyond:
            self._load(work)
        elif self._table.may_have_more or self._table.is_capped:
            self._end(_("{nothing} Rows may follow that are not counted yet.").format(nothing=work.wanted.nothing))
        elif len(beyond) > MOST_NEW:
            self._end(
                _("{nothing} {count:,} rows lie beyond the last row; at most {limit:,} can be added at once.").format(
                    nothing=work.wanted.nothing, count=len(beyond), limit=MOST_NEW
                )
            )
        else:
            rest = len({cell.row for cell in work.wanted.cells} - beyond)
            self.asked.emit(ask_about_rows(len(beyond), rest, self._on_rows_answered))

    def _on_rows_answered(self, choice: str) -> None:
        work = self._work
        if work is None or choice == CANCEL:
            self._give_up()
            return
        if choice == ADD:
            self._load(work)
        else:
            cells = tuple(cell for cell in work.wanted.cells if cell.row < work.end)
            work.wanted = replace(work.wanted, cells=cells)
            self._load(work)

    def _load(self, work: _Work) -> None:
        """Takes the rows that are here, and has a worker load all of them when any is not."""
        rows = sorted({cell.row for cell in work.wanted.cells if cell.row < work.end})
        found = {row: self._table.original_at(row) for row in rows}
        work.originals = {row: original for row, original in found.items() if original is not None}
        if len(work.originals) == len(found):
            self._match(work)
            return
        below = [row - work.shift for row in rows if row >= work.shift]
        self._rows.start(
            _("Load the selection"),
            _load_originals,
            {
                "sessions": self._context.sessions,
                "places": self._table.places.snapshot(),
                "selection": Selection(tuple(_blocks(below))),
            },
        )

    @Slot(object)
    def _on_rows_loaded(self, loaded: list[Original]) -> None:
        work = self._work
        if work is None:
            return
        rows = sorted({cell.row for cell in work.wanted.cells if work.shift <= cell.row < work.end})
        known = {row: work.originals[row].key.id for row in rows if row in work.originals}
        if len(loaded) != len(rows) or any(
            one.key.id != known.get(row, one.key.id) for row, one in zip(rows, loaded, strict=True)
        ):
            self._end(
                _("{nothing} The rows have changed meanwhile: refresh, and try again.").format(
                    nothing=work.wanted.nothing
                )
            )
            return
        for row, one in zip(rows, loaded, strict=True):
            work.originals.setdefault(row, one)
        self._match(work)

    def _match(self, work: _Work) -> None:
        names = sorted({cell.value.name for cell in work.wanted.cells if isinstance(cell.value, AuthorName)})
        if not names:
            self._finish(work)
            return
        self._authors.start(_("Find authors"), door.match_authors, {"sessions": self._context.sessions, "names": names})

    @Slot(object)
    def _on_authors_matched(self, found: Mapping[str, tuple[AuthorRef, ...]]) -> None:
        work = self._work
        if work is None:
            return
        names = sorted({cell.value.name for cell in work.wanted.cells if isinstance(cell.value, AuthorName)})
        known = {name: _meant(name, found.get(name, ()), self._context.edits) for name in names}
        links = {name: some[0] for name, some in known.items() if len(some) == 1}
        unclear = {name: some for name, some in known.items() if len(some) != 1}
        if not unclear:
            self._link(work, links)
            return
        unknown = [name for name, some in unclear.items() if not some]
        several = {name: some for name, some in unclear.items() if some}
        answer = partial(self._on_authors_answered, links, unknown)
        self.asked.emit(ask_about_authors(unknown, several, answer))

    def _on_authors_answered(self, links: dict[str, AuthorRef], unknown: list[str], choice: str) -> None:
        work = self._work
        if work is None or choice == CANCEL:
            self._give_up()
            return
        meant: dict[str, AuthorRef | NewAuthor] = {**links}
        if choice == CREATE:
            meant |= {name: NewAuthor(name) for name in unknown}
        self._link(work, meant)

    def _link(self, work: _Work, links: Mapping[str, AuthorRef | NewAuthor]) -> None:
        """Puts links in the place of names; a cell whose name was left unclear stays as it is."""
        cells = []
        for cell in work.wanted.cells:
            if not isinstance(cell.value, AuthorName):
                cells.append(cell)
            elif cell.value.name in links:
                cells.append(replace(cell, value=links[cell.value.name]))
        work.wanted = replace(work.wanted, cells=tuple(cells))
        self._finish(work)

    def _finish(self, work: _Work) -> None:
        """Asks about what cannot be taken, or takes everything."""
        refused = list(work.wanted.refused)
        doomed = {row for row, one in work.originals.items() if len(self._context.edits) and self._is_doomed(one)}
        refused += [
            Refusal(row_number(self._table, row), _("all fields"), _("the record will be deleted."))
            for row in sorted(doomed)
        ]
        cells = tuple(cell for cell in work.wanted.cells if cell.row not in doomed)
        work.wanted = replace(work.wanted, cells=cells)
        if not refused:
            self._take(work)
        elif len(refused) == 1 and not cells:
            self._end(f"{work.wanted.nothing} {refused[0].words}")
        else:
            self.asked.emit(ask_about_refused(refused, len(cells), self._on_refused_answered))

    def _on_refused_answered(self, choice: str) -> None:
        work = self._work
        if work is None or choice == CANCEL:
            self._give_up()
            return
        self._take(work)

    def _take(self, work: _Work) -> None:
        if not self._context.can_edit or self._context.catalogue is not work.catalogue:
            self._end(_("{nothing} Nothing can be changed now.").format(nothing=work.wanted.nothing))
            return
        edits = self._context.edits
        before = edits.steps.index()
        new = sorted({cell.row for cell in work.wanted.cells if cell.row >= work.end}, reverse=True)
        name = self._table.description.name
        originals = work.originals | {row: edits.new_original(name) for row in new}  # grids show the last one first
        changes = [(originals[cell.row], cell.column.name, cell.value) for cell in work.wanted.cells]
        changes.sort(key=lambda change: -change[0].key.id if change[0].key.id < 0 else 0)
        edits.set_fields(with_new_authors(edits, changes), work.wanted.step)
        if edits.steps.index() == before:
            self._end(_("Nothing changed: the cells have these values already."))
        else:
            self._end(_("{step}: pending.").format(step=work.wanted.step))

    # Ends

    @Slot(object)
    def _on_failed(self, error: BaseException) -> None:
        work = self._work
        if work is not None:
            self._end(f"{work.wanted.nothing} {words_for(error, _('Cancelled.'))}")

    def _give_up(self) -> None:
        if self._work is not None:
            self._end(self._work.wanted.nothing)

    def _end(self, told: str) -> None:
        self._work = None
        self._tell(told)

    def _tell(self, text: str) -> None:
        self._context.message_wanted.emit(text)

    def _is_doomed(self, original: Original) -> bool:
        edit = self._context.edits.get(original.key)
        return edit is not None and edit.kind is EditKind.DELETE


def with_new_authors(
    edits: EditStack, changes: Iterable[tuple[Original, str, Any]]
) -> Iterable[tuple[Original, str, Any]]:
    """Changes in which each new author is one new record, however many cells lead to it."""
    made: dict[NewAuthor, AuthorRef] = {}
    for original, name, value in changes:
        if isinstance(value, NewAuthor):
            if value not in made:
                author = edits.new_original("authors")
                made[value] = AuthorRef(author.key.id, value.name)
                yield author, "name", value.name
            yield original, name, made[value]
        else:
            yield original, name, value


def row_number(table: RecordTable, row: int) -> str:
    """The number of a row of the grid for a person: those of new records are `+1`, `+2` …"""
    return f"+{row + 1}" if row < table.fresh else f"{row - table.fresh + 1:,}"


def cells_words(rows: int, columns: int) -> str:
    """How many cells, as a step tells it."""
    if columns > 1:
        return _("{rows:,} × {columns:,} cells").format(rows=rows, columns=columns)
    return ngettext("{count:,} cell", "{count:,} cells", rows).format(count=rows)


def _meant(name: str, found: tuple[AuthorRef, ...], edits: EditStack) -> list[AuthorRef]:
    """Whom a name may mean: who has its key, of several only who is written exactly so; pending new authors too, and
    nobody who will be deleted."""
    alive = [one for one in found if not _will_go(edits, one)]
    key = author_key(name)
    fresh = [AuthorRef(edit.key.id, edit.label) for edit in edits.inserts("authors") if author_key(edit.label) == key]
    some = [*alive, *fresh]
    exact = [one for one in some if one.name == name]
    return exact if len(exact) == 1 else some


def _will_go(edits: EditStack, author: AuthorRef) -> bool:
    edit = edits.get(RecordKey("authors", author.id))
    return edit is not None and edit.kind is EditKind.DELETE


def _load_originals(**arguments: Any) -> list[Original]:
    """On a worker: the rows of a selection as starts of edits."""
    description = TABLES[arguments["places"].criteria.table]
    return [original_of(description, row) for row in door.load_selection(**arguments)]


def _blocks(positions: list[int]) -> Iterable[Block]:
    """Positions in rising order as blocks of successive ones."""
    first = last = positions[0]
    for position in positions[1:]:
        if position > last + 1:
            yield Block(first, last, 0, 0)
            first = position
        last = position
    yield Block(first, last, 0, 0)
