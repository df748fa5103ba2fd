"""Kills a Desk again and again while somebody edits: `python3 -m tests.torture.drafts`.

Every edit that was painted as pending has to be offered at the next start, and what is offered has to be what was
pending after one step: the last one that was painted, or one that was begun after it. Every third Desk commits as well:
each of its edits has to be saved or offered, once.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desk.catalog.criteria import Criteria
from desk.catalog.edits import EditKind, EditState
from desk.catalog.paging import PageRequest
from desk.database import drafts
from desk.operations.connect import create_catalogue, open_catalogue
from desk.operations.pages import load_page
from desk.operations.recovering import find_drafts, settle_drafts
from desk.redaction import redacted
from tests.support.editing import scalar
from tests.support.library import make_books
from tests.support.postgres import start_or_explain
from tests.torture._drafting import NEW_BOOKS, language_of, title_of
from tests.torture._killed import Desk, at_home
from tests.torture._pending import FIELDS, Ledger, state_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from desk.catalog.edits import Edit
    from desk.operations.connect import OpenCatalogue
    from desk.operations.recovering import FoundDrafts

BOOKS = 8
"""Books that are edited: few, so that steps meet in them, and all of them are in sight."""
STEPS = 60
UNITS = 12
"""That are committed before the kill, at most."""
AT_A_PAINT = 0.5
"""How often the random moment is right after a step was painted as pending; else it is anywhere."""
LONGEST_LIFE = 0.6
"""Seconds from the first rows to the kill, at most: about as long as all the steps take."""


@dataclass(slots=True)
class Round:
    """What came of one round: the last step that was begun, the last one that was painted as pending, how many edits
    were offered, and what was wrong ('' for nothing)."""

    begun: int = 0
    painted: int = 0
    offered: int = 0
    wrong: str = ""


def editable_books(catalogue: OpenCatalogue) -> dict[str, dict[str, Any]]:
    """The first books of the view that a window begins with, and the values of their fields."""
    page = load_page(sessions=catalogue.sessions, request=PageRequest(Criteria("books"), 0))
    return {f"books:{row.id}": {name: getattr(row, name) for name in FIELDS} for row in page.rows[:BOOKS]}


def play(target: str, catalogue: OpenCatalogue, home: Path, seed: int) -> Round:
    """One round: steps, a kill, and what is offered then."""
    chance = random.Random(seed)
    books = editable_books(catalogue)
    ledger = Ledger(books, chance)
    ledger.take_steps(STEPS)
    process = Desk(target, home, seed, steps=ledger.steps)
    done = _kill(process, chance, STEPS // 2)
    with at_home(home):
        found = find_drafts(sessions=catalogue.sessions, identity=catalogue.info.identity)
        done.wrong += _wrong_offer(done, found, ledger, catalogue, books)
        _clean_up(done, found)
    return done


def play_commits(target: str, catalogue: OpenCatalogue, home: Path, seed: int) -> Round:
    """One round with commits: a kill, and what is saved and offered then."""
    chance = random.Random(seed)
    mark = f"Round {seed}"
    changed = int(next(iter(editable_books(catalogue))).partition(":")[2])
    language = scalar(catalogue, "SELECT language FROM books WHERE id = :id", id=changed)
    process = Desk(target, home, seed, mark=mark)
    done = _kill(process, chance, UNITS // 2)
    with at_home(home):
        found = find_drafts(sessions=catalogue.sessions, identity=catalogue.info.identity)
        done.wrong += _wrong_units(process, found, catalogue, mark, (changed, language))
        _clean_up(done, found)
    return done


def _kill(process: Desk, chance: random.Random, latest: int) -> Round:
    """Kills it at a random moment, which may be right after one of so many steps was painted."""
    wrong = ""
    try:
        process.wait_for("ready")
        if chance.random() < AT_A_PAINT:
            process.wait_for(f"painted {chance.randint(1, latest)}")
            time.sleep(chance.choice((0, 0, chance.uniform(0, 0.03))))
        else:
            time.sleep(chance.uniform(0, LONGEST_LIFE))
        if process.code is not None:
            wrong = f"It ended by itself, with {process.code}. "
    except AssertionError as error:
        wrong = f"It hung: {error}. "
    finally:
        process.kill()
    return Round(process.last("begin"), process.last("painted"), wrong=wrong)


def _wrong_offer(
    done: Round, found: FoundDrafts, ledger: Ledger, catalogue: OpenCatalogue, books: Mapping[str, Mapping[str, Any]]
) -> str:
    """What is wrong with what is offered after steps; '' for nothing."""
    offers = [one for draft in found.drafts for one in draft.checked]
    offered = state_of(one.edit for one in offers)
    allowed = ledger.states[done.painted : done.begun + 1]
    if found.put_aside or found.saved or found.undecided or len(found.drafts) > 1:
        return f"found {found}"
    if offered not in allowed:
        return f"offered {offered}, after step {done.painted} of {done.begun} it was {allowed[0]}"
    if any(one.state is not EditState.UNCHANGED for one in offers):
        return f"changed since: {[one.edit.key for one in offers if one.state is not EditState.UNCHANGED]}"
    if any(draft.draft.place != redacted(catalogue.info.place) for draft in found.drafts):
        return "of another place"
    return " ".join(_wrong_originals(one.edit, books) for one in offers).strip()


def _wrong_units(
    process: Desk, found: FoundDrafts, catalogue: OpenCatalogue, mark: str, changed: tuple[int, str | None]
) -> str:
    """What is wrong with what is saved and offered after commits; '' for nothing. `changed` is the book that every unit
    changes, and its language before."""
    if found.put_aside or found.undecided:
        return f"found {found}"
    offers = [one.edit for draft in found.drafts for one in draft.checked if one.state is not EditState.SAVED]
    offered = [edit.values.get("title") for edit in offers if edit.kind is EditKind.INSERT]
    wrong, last_saved = [], 0
    for number in range(1, process.last("begin") + 1):
        titles = [title_of(mark, number, place) for place in range(NEW_BOOKS)]
        saved = [scalar(catalogue, "SELECT count(*) FROM books WHERE title = :title", title=one) for one in titles]
        again = [offered.count(one) for one in titles]
        may_be_missing = number > process.last("painted")
        if saved == [1] * NEW_BOOKS and again == [0] * NEW_BOOKS:
            last_saved = number
        elif any(saved) or not (may_be_missing or again == [1] * NEW_BOOKS) or max(again) > 1:
            wrong.append(f"unit {number}: saved {saved}, offered {again}")
        elif number <= process.last("saved"):
            wrong.append(f"unit {number} was called saved and is not")
    language = scalar(catalogue, "SELECT language FROM books WHERE id = :id", id=changed[0])
    if language != (language_of(mark, last_saved) if last_saved else changed[1]):
        wrong.append(f"the change of unit {last_saved} is not saved: {language}")
    if process.last("painted") > last_saved and not any(edit.kind is EditKind.UPDATE for edit in offers):
        wrong.append(f"the change of unit {process.last('painted')} is not offered")
    return "; ".join(wrong)


def _clean_up(done: Round, found: FoundDrafts) -> None:
    """Discards what is offered, after which nothing may be left."""
    done.offered = sum(len(draft.checked) for draft in found.drafts)
    everything = [(draft.draft, [one.edit.key for one in draft.checked]) for draft in found.drafts]
    settle_drafts(forgotten=everything, released=[draft for draft, _keys in everything])
    if not done.wrong and drafts.folder().exists() and list(drafts.folder().iterdir()):
        done.wrong = f"left {[path.name for path in drafts.folder().iterdir()]}"


def _wrong_originals(edit: Edit, books: Mapping[str, Mapping[str, Any]]) -> str:
    """What an edit remembers wrongly of its record; '' for nothing."""
    if edit.kind is EditKind.INSERT:
        return ""
    stored = books[f"{edit.key.table}:{edit.key.id}"]
    wrong = [name for name in FIELDS if edit.original.get(name) != stored[name]]
    return f"{edit.key}: {wrong} are not as they were" if wrong or not edit.version else ""


@contextmanager
def _server() -> Iterator[str]:
    server = start_or_explain()
    if isinstance(server, str):
        raise SystemExit(server)
    try:
        yield server.create_database("drafts")
    finally:
        server.stop()


def _place(database: str, folder: Path) -> AbstractContextManager[str]:
    """Where the catalogue of this run is: a new file, a new database on a throwaway server, or a catalogue that is
    there, of which nothing is changed."""
    places: dict[str, AbstractContextManager[str]] = {"sqlite": nullcontext(str(folder / "drafts.desk"))}
    return _server() if database == "postgresql" else places.get(database, nullcontext(database))


def main(arguments: list[str] | None = None) -> int:
    """Plays the rounds; 0 when every one was won."""
    parser = argparse.ArgumentParser(prog="dev.py torture drafts", description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--database", default="sqlite", help="sqlite, postgresql, or a catalogue (nothing is saved)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the first round; one more for each next")
    parser.add_argument("--json", metavar="FILE", help="keep what came of each round there")
    asked = parser.parse_args(arguments)
    rounds = []
    with tempfile.TemporaryDirectory(prefix="desk-torture-") as name, _place(asked.database, Path(name)) as target:
        is_ours = asked.database in ("sqlite", "postgresql")
        if is_ours:
            create_catalogue(target=target)
        catalogue = open_catalogue(target=target)
        try:
            if is_ours:
                make_books(catalogue, 30)
            for number in range(asked.rounds):
                way = play_commits if is_ours and number % 3 == 2 else play
                done = way(target, catalogue, Path(name, f"home-{number}"), asked.seed + number)
                rounds.append(done)
                if done.wrong:
                    print(f"seed {asked.seed + number}: {done.wrong}", flush=True)
        finally:
            catalogue.close()
    failed = sum(1 for one in rounds if one.wrong)
    if asked.json:
        Path(asked.json).write_text(json.dumps([asdict(one) for one in rounds], indent=1), encoding="utf-8")
    print(
        f"{sum(one.begun for one in rounds)} steps begun, {sum(one.painted for one in rounds)} painted as pending, "
        f"{sum(one.offered for one in rounds)} edits offered"
    )
    print(f"{len(rounds) - failed} passed, {failed} failed")
    return 1 if failed or not rounds else 0


if __name__ == "__main__":
    raise SystemExit(main())
