"""An independent ledger of pending edits: it invents steps and knows what is pending after each, by plain copies.

Invariant: it shares no code with Desk's own stack; every state is kept whole, so undo is a look at an earlier one.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from desk.catalog.rows import AuthorRef

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Mapping

    from desk.catalog.edits import Edit

MOST_NEW = 5
"""Pending new books, so that the rows under test stay in sight."""
FIELDS = ("title", "published_year", "isbn", "language")
AUTHOR = "author"

Step = list[Any]
"""Its name and its arguments, as JSON has them; a record is `table:id`."""
State = dict[str, dict[str, Any]]
"""Record → its kind of edit and its values; a link is `→ id of the author`."""


class Ledger:
    """Steps on some books, and what is pending after each of them (`states[n]` after n steps)."""

    def __init__(self, books: Mapping[str, Mapping[str, Any]], chance: random.Random) -> None:
        """`books` are the books that are edited, with the values that they have in the database."""
        self.steps: list[Step] = []
        self.states: list[State] = [{}]
        self._books = books
        self._chance = chance
        self._past: list[State] = [{}]
        self._at = 0
        self._last_id = 0

    def take_steps(self, count: int) -> None:
        """Invents so many further steps."""
        for number in range(count):
            name, *arguments = step = self._invented(f"{number}")
            self.steps.append(step)
            after = getattr(self, f"_{name}")(*arguments)
            if name not in ("undo", "redo") and after != self._past[self._at]:
                self._past[self._at + 1 :] = [after]
                self._at += 1
            self.states.append(after)

    # What each step does

    def _set(self, changes: list[tuple[str, str, Any]]) -> State:
        state = self._now()
        for record, field, value in changes:
            self._change(state, record, field, value)
        return state

    def _link(self, record: str, name: str) -> State:
        """A book gets an author who is new."""
        state = self._now()
        author = self._new("authors")
        state[author] = {"kind": "insert", "values": {"name": name}}
        self._change(state, record, AUTHOR, f"→ {author.partition(':')[2]}")
        return state

    def _add(self, title: str) -> State:
        state = self._now()
        state[self._new("books")] = {"kind": "insert", "values": {"title": title}}
        return state

    def _delete(self, record: str) -> State:
        state = self._now()
        if record not in self._books:
            del state[record]
        else:
            state[record] = {"kind": "delete", "values": state.get(record, {"values": {}})["values"]}
        return state

    def _drop(self, record: str) -> State:
        state = self._now()
        edit = state[record]
        if edit["kind"] == "delete" and edit["values"]:
            edit["kind"] = "update"
            return state
        del state[record]
        if record.startswith("authors:"):
            link = f"→ {record.partition(':')[2]}"
            for user in [one for one, other in state.items() if other["values"].get(AUTHOR) == link]:
                del state[user]["values"][AUTHOR]
                if state[user]["kind"] == "update" and not state[user]["values"]:
                    del state[user]
        return state

    def _undo(self) -> State:
        self._at -= 1
        return self._now()

    def _redo(self) -> State:
        self._at += 1
        return self._now()

    # Helpers

    def _invented(self, mark: str) -> Step:
        now = self._past[self._at]
        new_books = [one for one in now if one.startswith("books:-")]
        editable = [one for one in (*self._books, *new_books) if now.get(one, {}).get("kind") != "delete"]
        ways: list[tuple[int, Step]] = []
        if editable:
            chosen = self._chance.sample(editable, min(len(editable), self._chance.choice((1, 1, 1, 3))))
            ways.append((8, ["set", [[one, *self._value(one, mark)] for one in chosen]]))
            ways.append((2, ["delete", self._chance.choice(editable)]))
            ways.append((2, ["link", self._chance.choice(editable), f"Author {mark}"]))
        if len(new_books) < MOST_NEW:
            ways.append((3, ["add", f"New {mark}"]))
        if now:
            ways.append((3, ["drop", self._chance.choice(list(now))]))
        if self._at:
            ways.append((4, ["undo"]))
        if self._at < len(self._past) - 1:
            ways.append((3, ["redo"]))
        return self._chance.choices([step for _weight, step in ways], [weight for weight, _step in ways])[0]

    def _value(self, record: str, mark: str) -> tuple[str, Any]:
        """A field and a value for it: a new one, or sometimes the one that it had at first."""
        field = self._chance.choice(FIELDS)
        if record in self._books and self._chance.random() < 0.2:
            return field, self._books[record][field]
        return field, self._chance.randint(1, 2000) if field == "published_year" else f"{field} {mark} · ν"

    def _change(self, state: State, record: str, field: str, value: Any) -> None:
        edit = state.setdefault(record, {"kind": "update", "values": {}})
        if edit["kind"] == "update" and field in self._books[record] and self._books[record][field] == value:
            edit["values"].pop(field, None)
        else:
            edit["values"][field] = value
        if edit["kind"] == "update" and not edit["values"]:
            del state[record]

    def _new(self, table: str) -> str:
        self._last_id -= 1
        return f"{table}:{self._last_id}"

    def _now(self) -> State:
        return copy.deepcopy(self._past[self._at])


def state_of(edits: Iterable[Edit]) -> State:
    """Edits of Desk as the ledger writes them."""
    return {
        f"{edit.key.table}:{edit.key.id}": {
            "kind": edit.kind.value,
            "values": {name: _written(value) for name, value in edit.values.items()},
        }
        for edit in edits
    }


def _written(value: Any) -> Any:
    return f"→ {value.id}" if isinstance(value, AuthorRef) else value
