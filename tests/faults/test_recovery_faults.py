"""A Desk that is killed, or quits while a query runs, loses no pending edit: the next start offers them."""

from __future__ import annotations

import itertools
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import desk
from desk.database import drafts
from desk.operations.connect import open_catalogue
from desk.operations.recovering import find_drafts, settle_drafts
from tests.support.editing import scalar
from tests.support.library import make_books
from tests.support.waiting import LONGEST, wait_until
from tests.support.window import opened_window
from tests.torture import drafts as torture
from tests.torture._killed import Desk as KilledDesk
from tests.torture._pending import Ledger, state_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from desk.operations.connect import OpenCatalogue

STEPS = 40
PAINTED = 3
"""So many steps are painted as pending before the kill."""
GONE_SECONDS = 5.0
"""How soon a Desk is gone that was asked to quit."""
QUITTER = """
import os, sys, time
os.environ["QT_QPA_PLATFORM"] = "offscreen"
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QPushButton
from desk import app
from tests.support.editing import scalar
from tests.support.holding import ENDLESS, is_endless

begin = app.bootstrap
def bootstrap(target):
    window = begin(target)
    window.catalogue_shown.connect(lambda: act(window))
    return window

def act(window):
    context = window.context
    if len(context.edits):
        return
    context.edits.set_field(window.browser.table.original_at(0), "title", "Kept")
    arguments = {"catalogue": context.catalogue, "statement": ENDLESS[context.catalogue.sessions.dialect]}
    context.runner.submit("Endless", scalar, arguments=arguments)
    timer = QTimer(window, interval=10)
    timer.timeout.connect(lambda: go_on(window, timer))
    timer.start()

def go_on(window, timer):
    question = window.unit.dialog
    if question is not None:
        later = question.findChild(QPushButton, "keep_for_later")
        if later.isEnabled():
            timer.stop()
            print("quits", flush=True)
            later.click()
    elif is_endless(window.context.catalogue):
        window.commands["quit"].trigger()

app.bootstrap = bootstrap
raise SystemExit(app.main([sys.argv[1]]))
"""


@pytest.fixture
def library(database_target: str) -> Iterator[OpenCatalogue]:
    """A catalogue of 30 books, which another program has open."""
    catalogue = open_catalogue(target=database_target)
    make_books(catalogue, 30)
    yield catalogue
    catalogue.close()


def ledger_of(library: OpenCatalogue) -> Ledger:
    """Steps after which edits are pending, whenever it ends."""
    for seed in itertools.count():
        ledger = Ledger(torture.editable_books(library), random.Random(seed))
        ledger.take_steps(STEPS)
        if all(ledger.states[PAINTED:]):
            return ledger
    raise AssertionError


def test_fault_39_killed_with_pending_edits(
    database_target: str, library: OpenCatalogue, desk_home: Path, application: object, qtbot: QtBot
) -> None:
    ledger = ledger_of(library)
    process = KilledDesk(database_target, desk_home, 0, steps=ledger.steps)
    try:
        process.wait_for(f"painted {PAINTED}")
        assert process.code is None
        time.sleep(random.uniform(0, 0.3))  # the random moment
    finally:
        process.kill()
    allowed = ledger.states[process.last("painted") : process.last("begin") + 1]
    with opened_window(database_target, qtbot) as desk:
        desk.until(lambda: desk.window.recovery.dialog is not None, "the offer")
        dialog = desk.window.recovery.dialog
        assert dialog is not None
        [offered] = (found.checked for found in dialog._drafts)
        assert state_of(one.edit for one in offered) in allowed
        desk.click(dialog, "recovery_restore")
        assert {edit.label for edit in desk.edits.edits()} == {one.edit.label for one in offered}
        desk.until(lambda: desk.edits.all_kept, "the edits to be on disk")


def test_fault_45_quit_while_a_query_runs(
    database_target: str, library: OpenCatalogue, desk_home: Path, tmp_path: Path
) -> None:
    script = tmp_path / "quitter.py"
    script.write_text(QUITTER, encoding="utf-8")
    checkout = Path(desk.__file__).parents[1]
    process = subprocess.Popen(
        [sys.executable, str(script), database_target],
        stdout=subprocess.PIPE,
        env=dict(os.environ, PYTHONPATH=str(checkout)),
        cwd=checkout,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "quits\n"
            began = time.monotonic()
            assert process.wait(LONGEST) == 0
            assert time.monotonic() - began < GONE_SECONDS
        finally:
            process.kill()
    found = find_drafts(sessions=library.sessions, identity=library.info.identity)
    assert [dict(one.edit.values) for draft in found.drafts for one in draft.checked] == [{"title": "Kept"}]
    settle_drafts(forgotten=(), released=[one.draft for one in found.drafts])
    if library.sessions.dialect == "postgresql":
        left = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%endless%' AND pid <> pg_backend_pid()"
        wait_until(lambda: not scalar(library, left), "the query to end")


def test_the_short_form_of_the_torture_of_drafts(database_target: str, library: OpenCatalogue, tmp_path: Path) -> None:
    rounds = [torture.play(database_target, library, tmp_path / f"home-{seed}", seed) for seed in range(3)]
    assert [one.wrong for one in rounds] == [""] * 3
    assert sum(one.painted for one in rounds) > 0
    assert not drafts.folder().exists()  # each had a home of its own
