"""What there is to decide about conflicts, and which edits come out of the choices. Pure values; no Qt, no SQL.

Invariant: whatever is chosen, a field that only one side changed keeps that side's change, and nothing is decided until
somebody chose it.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from desk.catalog.columns import TABLES
from desk.catalog.edits import Edit, EditKind, same
from desk.catalog.values import is_damaged
from desk.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from desk.catalog.columns import Column
    from desk.catalog.edits import Conflict, RecordKey

OPEN, THEIRS, MINE, TYPED = "", "theirs", "mine", "typed"
"""The choices for a field: none yet, one of the two sides, or a value of its own."""
RECORD = ""
"""The name of the choice about the whole record: a deletion, here or elsewhere."""


class Case(Enum):
    """What happened to a record: both sides changed it; they deleted what I change, or changed what I delete; it is
    there again before I could bring it back; or nothing is left to decide."""

    CHANGED = "changed"
    GONE = "gone"
    DOOMED = "doomed"
    BACK = "back"
    DONE = "done"


class Standing(Enum):
    """Who changed a field: both, differently, so that it has to be decided; only they; only I; or both alike."""

    BOTH = "both"
    THEIRS = "theirs"
    MINE = "mine"
    ALIKE = "alike"


class Place(NamedTuple):
    """A field of one of the conflicts, which are numbered from 0."""

    number: int
    name: str


class ConflictChoices:
    """The choices about some conflicts, all of them open at first."""

    def __init__(self, conflicts: Iterable[Conflict]) -> None:
        self.conflicts = tuple(conflicts)
        self.sides: dict[RecordKey, dict[str, str]] = {
            conflict.edit.key: dict.fromkeys(to_decide(conflict), OPEN) for conflict in self.conflicts
        }
        self._typed: dict[tuple[RecordKey, str], Any] = {}

    @property
    def left(self) -> int:
        """How many choices are still open."""
        return sum(side == OPEN for sides in self.sides.values() for side in sides.values())

    def left_of(self, number: int) -> int:
        """How many choices about one conflict are still open."""
        return sum(side == OPEN for side in self._sides(number).values())

    def side(self, place: Place) -> str:
        """What is chosen for a field; that which stands without a choice where there is none to make."""
        chosen = self._sides(place.number).get(place.name)
        if chosen is not None:
            return chosen
        mine = standing(self.conflicts[place.number], place.name) is Standing.MINE
        return MINE if mine else THEIRS

    def choose(self, place: Place, side: str) -> None:
        """Chooses a side for a field that has to be decided; any other field stays as it is."""
        sides = self._sides(place.number)
        if place.name in sides:
            sides[place.name] = side

    def choose_record(self, number: int, side: str) -> None:
        """Chooses one side for all of a record."""
        for name in self._sides(number):
            self.choose(Place(number, name), side)

    def choose_all(self, side: str) -> None:
        """Chooses one side for everything."""
        for number in range(len(self.conflicts)):
            self.choose_record(number, side)

    def toggle(self, place: Place) -> None:
        """Chooses the other side; mine where nothing was chosen yet."""
        self.choose(place, THEIRS if self.side(place) == MINE else MINE)

    def type(self, place: Place, text: str) -> None:
        """Chooses a value of its own for a field. Raises InvalidInput with the reason why it cannot be."""
        conflict = self.conflicts[place.number]
        self._typed[conflict.edit.key, place.name] = _column(conflict, place.name).parse(text)
        self.choose(place, TYPED)

    def can_type(self, place: Place) -> bool:
        """Whether the result can be a value of its own: a text that the column can read."""
        if place.name == RECORD or place.name not in self._sides(place.number):
            return False
        return _column(self.conflicts[place.number], place.name).rules.parse is not None

    def result(self, place: Place) -> Any:
        """The value that the field will have; of an open choice, and of a whole record, there is none: None."""
        conflict, side = self.conflicts[place.number], self.side(place)
        if place.name == RECORD or side == OPEN:
            return None
        if side == TYPED:
            return self._typed[conflict.edit.key, place.name]
        return value_of(conflict, place.name, side)

    def result_text(self, place: Place) -> str:
        """What the field, or the record, will be, in one line; '' while that is open, and where nothing will be."""
        conflict, sides = self.conflicts[place.number], self._sides(place.number)
        side = sides.get(RECORD, OPEN) if RECORD in sides else self.side(place)
        if side == OPEN:
            return ""
        if side == TYPED:
            return shown(_column(conflict, place.name), self.result(place))
        return text_of(conflict, place.name, side)

    def next_open(self, after: Place) -> Place | None:
        """The next choice that is open, from the first again after the last; None when all are made."""
        places = [Place(number, name) for number, one in enumerate(self.conflicts) for name in names_of(one)]
        at = places.index(after) + 1 if after in places else 0
        return next((place for place in places[at:] + places[:at] if self.side(place) == OPEN), None)

    def resolution(self) -> dict[RecordKey, Edit | None]:
        """The edits that stay pending after the choices. Raises ValueError while one is open."""
        if self.left:
            raise ValueError(f"{self.left} choices are open")
        return {
            conflict.edit.key: resolve(conflict, self.sides[conflict.edit.key], self._typed_of(conflict))
            for conflict in self.conflicts
        }

    def _sides(self, number: int) -> dict[str, str]:
        return self.sides[self.conflicts[number].edit.key]

    def _typed_of(self, conflict: Conflict) -> dict[str, Any]:
        return {name: value for (key, name), value in self._typed.items() if key == conflict.edit.key}


def case_of(conflict: Conflict) -> Case:
    kind = conflict.edit.kind
    if conflict.theirs is None:
        return Case.GONE if kind is EditKind.UPDATE else Case.DONE
    if kind is EditKind.DELETE:
        return Case.DOOMED
    return Case.BACK if kind is EditKind.INSERT else Case.CHANGED


def standing(conflict: Conflict, name: str) -> Standing:
    """Who changed a field; of a record that one side deleted only the other one's changes count."""
    edit, theirs = conflict.edit, conflict.theirs
    case = case_of(conflict)
    if name == RECORD or case is Case.BACK:
        return Standing.BOTH
    if case is Case.GONE or theirs is None:
        return Standing.MINE
    if case is Case.DOOMED or name not in edit.values:
        return Standing.THEIRS
    if name not in conflict.changed_elsewhere:
        return Standing.MINE
    return Standing.ALIKE if same(edit.values[name], theirs.get(name)) else Standing.BOTH


def to_decide(conflict: Conflict) -> tuple[str, ...]:
    """The fields that have to be decided, as the table has them; RECORD where one side deleted the record."""
    case = case_of(conflict)
    if case is Case.DONE:
        return ()
    if case is not Case.CHANGED:
        return (RECORD,)
    return tuple(name for name in names_of(conflict) if standing(conflict, name) is Standing.BOTH)


def names_of(conflict: Conflict) -> tuple[str, ...]:
    """The fields that one side or both changed, as the table has them; a choice about the record comes first."""
    mine = () if conflict.edit.kind is EditKind.DELETE else conflict.edit.values
    names = {*mine, *conflict.changed_elsewhere}
    columns = TABLES[conflict.edit.key.table].columns
    whole = () if case_of(conflict) in (Case.CHANGED, Case.DONE) else (RECORD,)
    return whole + tuple(column.name for column in columns if column.name in names)


def value_of(conflict: Conflict, name: str, side: str) -> Any:
    """A field's value on one side: OPEN is the original."""
    edit = conflict.edit
    if side == OPEN:
        return edit.original.get(name)
    if side == THEIRS:
        return None if conflict.theirs is None else conflict.theirs.get(name)
    return edit.values.get(name, edit.original.get(name))


def header_of(conflict: Conflict, name: str) -> str:
    return _("Record") if name == RECORD else _column(conflict, name).header


def text_of(conflict: Conflict, name: str, side: str) -> str:
    """What one side has in a field, in one line; OPEN is the original. Of a record it is what that side does to it."""
    if name == RECORD:
        return _record_text(conflict, side)
    if _NOTHING_THERE.get(case_of(conflict)) == side:
        return ""
    return shown(_column(conflict, name), value_of(conflict, name, side))


def full_text(conflict: Conflict, name: str, side: str) -> str:
    """As `text_of`, but with its line breaks."""
    text = text_of(conflict, name, side)
    value = None if name == RECORD or not text else value_of(conflict, name, side)
    return value if isinstance(value, str) and value and not is_damaged(value) else text


def shown(column: Column, value: Any) -> str:
    """A value in one line; a missing one and an empty one are told apart."""
    text = column.tell(value)
    return "–" if text is None else text or _("(empty)")


def resolve(conflict: Conflict, sides: Mapping[str, str], typed: Mapping[str, Any] | None = None) -> Edit | None:
    """The edit that stays pending: begun anew from theirs, with what only I changed and what was chosen.

    `sides` holds a choice for each field to decide, `typed` the values of those that are TYPED. None: nothing stays.
    """
    edit, theirs = conflict.edit, conflict.theirs
    case = case_of(conflict)
    if case is Case.DONE or sides.get(RECORD) == THEIRS:
        return None
    if theirs is None:
        return _again(edit)
    if case is Case.DOOMED:
        return edit.rebased(theirs, conflict.version, {})
    if case is Case.BACK:
        return replace(edit, kind=EditKind.UPDATE).rebased(theirs, conflict.version, edit.values)
    values = {name: value for name, value in edit.values.items() if standing(conflict, name) is Standing.MINE}
    values |= {name: edit.values[name] for name, side in sides.items() if side == MINE}
    values |= {name: (typed or {})[name] for name, side in sides.items() if side == TYPED}
    rebased = edit.rebased(theirs, conflict.version, values)
    return rebased and _labelled(rebased)


def standing_words(conflict: Conflict, name: str) -> tuple[str, str]:
    """A sign for who changed a field, and words for it."""
    if RECORD in to_decide(conflict):
        return ("", case_words(conflict)[2]) if name == RECORD else ("", _("goes with the choice about the record"))
    return _STANDING_WORDS[standing(conflict, name)]


def case_words(conflict: Conflict) -> tuple[str, str, str]:
    """A sign for what happened to a record, a word or two, and some more."""
    return _CASE_WORDS[case_of(conflict)]


def _again(edit: Edit) -> Edit:
    """The edit of a record that is gone, as an insert of all that is known of it."""
    values = {name: value for name, value in {**edit.original, **edit.values}.items() if value is not None}
    return Edit(edit.key, EditKind.INSERT, edit.label, values=MappingProxyType(values))


def _labelled(edit: Edit) -> Edit:
    name = TABLES[edit.key.table].label
    label = edit.values.get(name, edit.original.get(name))
    return replace(edit, label=label) if isinstance(label, str) and label else edit


def _record_text(conflict: Conflict, side: str) -> str:
    case = case_of(conflict)
    if side == OPEN:
        return conflict.edit.label or _("(empty)")
    if side == TYPED:
        return ""
    if case is Case.DOOMED and side == THEIRS:
        return _("keep it, with the new {fields}").format(fields=_headers(conflict, conflict.changed_elsewhere))
    return _RECORD_TEXTS[case][side]


def _headers(conflict: Conflict, names: Sequence[str]) -> str:
    known = {column.name: column.header for column in TABLES[conflict.edit.key.table].columns}
    return ", ".join(known[name] for name in names if name in known)


def _column(conflict: Conflict, name: str) -> Column:
    return TABLES[conflict.edit.key.table].column(name)


_CASE_WORDS = {
    Case.CHANGED: ("≠", _("both changed"), _("changed here and elsewhere")),
    Case.GONE: ("∅", _("deleted elsewhere"), _("changed here, deleted elsewhere")),
    Case.DOOMED: ("×", _("deleted here"), _("deleted here, changed elsewhere")),
    Case.BACK: ("+", _("there again"), _("to be brought back, but there again already")),
    Case.DONE: ("=", _("nothing to do"), _("deleted on both sides")),
}
_STANDING_WORDS = {
    Standing.BOTH: ("≠", _("changed here and elsewhere: choose")),
    Standing.THEIRS: ("←", _("changed elsewhere only: theirs is kept")),
    Standing.MINE: ("→", _("changed here only: mine is kept")),
    Standing.ALIKE: ("=", _("changed alike on both sides: nothing to decide")),
}
_NOTHING_THERE = {Case.GONE: THEIRS, Case.DOOMED: MINE, Case.BACK: OPEN}
"""The side on which the record is not there."""
_RECORD_TEXTS = {
    Case.GONE: {THEIRS: _("leave it deleted, drop my changes"), MINE: _("insert it again")},
    Case.DOOMED: {MINE: _("delete it")},
    Case.BACK: {THEIRS: _("leave it as it is there"), MINE: _("give it my values")},
    Case.DONE: {THEIRS: "", MINE: ""},
}
