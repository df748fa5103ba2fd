"""The pool panel: numbers, a warning from 80 %, holders, and the line of the last five minutes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from desk.catalog.snapshots import HolderSnapshot, PoolSnapshot
from desk.panels.pool import PoolPanel
from desk.panels.timeline import SECONDS, Timeline
from desk.tables.look import DARK, LIGHT, use_look
from desk.work.feeds import PoolFeed
from tests.support.holding import holding

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desk.operations.connect import OpenCatalogue

CALM = PoolSnapshot(
    at=1000.0, size=5, limit=10, checked_out=7, idle=1, overflow=3, waiting=2, opened=11, closed=4, timeouts=6,
    holders=(), status="Pool size: 5",
)  # fmt: skip
HOLDER = HolderSnapshot("Load Books", 7, "worker-1", 0.25, "SELECT\n  1", True)


@pytest.fixture
def panel(application: object, qtbot: QtBot) -> PoolPanel:
    made = PoolPanel()
    qtbot.addWidget(made)
    made.resize(1000, 250)
    made.show()
    return made


def row(panel: PoolPanel, number: int) -> list[str]:
    cells = (panel.holders.item(number, column) for column in range(panel.holders.columnCount()))
    return [cell.text() if cell is not None else "" for cell in cells]


def test_the_numbers_of_a_pool_are_shown(panel: PoolPanel) -> None:
    panel.show_pool(CALM)
    assert {name: label.text() for name, label in panel.numbers.items()} == {
        name: str(getattr(CALM, name)) for name in panel.numbers
    }
    assert {"size", "checked_out", "idle", "overflow", "waiting"} <= set(panel.numbers)
    assert panel.status.text() == "Pool size: 5"


@pytest.mark.parametrize(("out", "high"), [(0, False), (7, False), (8, True), (10, True)])
def test_from_four_fifths_the_panel_warns_in_words_and_colour(panel: PoolPanel, out: int, high: bool) -> None:
    panel.show_pool(replace(CALM, checked_out=out))
    assert f"{out} of 10" in panel.alert.text()
    assert ("High use" in panel.alert.text()) is high
    colour = panel.alert.palette().color(QPalette.ColorRole.WindowText)
    assert (colour == QColor(LIGHT.warn)) is high


def test_the_warning_ends_with_the_use(panel: PoolPanel) -> None:
    panel.show_pool(replace(CALM, checked_out=10))
    panel.show_pool(replace(CALM, checked_out=1))
    assert "High use" not in panel.alert.text()


def test_who_holds_a_connection_is_listed(panel: PoolPanel) -> None:
    panel.show_pool(replace(CALM, holders=(HOLDER, replace(HOLDER, action="", statement=""))))
    assert panel.holders.rowCount() == 2
    first = row(panel, 0)
    assert first[0] == "Load Books #7"
    assert first[1:] == ["worker-1", "250 ms", "SELECT 1"]
    assert [row(panel, 1)[column] for column in (0, 3)] == ["–", "–"]
    panel.show_pool(CALM)
    assert panel.holders.rowCount() == 0


def test_real_holders_are_shown_and_the_panel_borrows_nothing(
    panel: PoolPanel, catalogue: OpenCatalogue, qtbot: QtBot
) -> None:
    feed = PoolFeed()
    feed.pool_changed.connect(panel.show_pool)
    with holding(catalogue, 3, "Long read"):
        opened = catalogue.pool.snapshot().opened
        feed.watch(catalogue.pool.snapshot)
        qtbot.waitUntil(lambda: panel.holders.rowCount() == 3)
        assert all(row(panel, number)[0].startswith("Long read") for number in range(3))
        assert panel.numbers["checked_out"].text() == "3"
        assert catalogue.pool.snapshot().opened == opened
    qtbot.waitUntil(lambda: panel.numbers["checked_out"].text() == "0")
    feed.watch(None)


@pytest.fixture
def line(application: object, qtbot: QtBot) -> Timeline:
    made = Timeline()
    qtbot.addWidget(made)
    made.resize(400, 120)
    made.show()
    return made


def colours(line: Timeline) -> set[str]:
    image = line.grab().toImage()
    return {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}


def test_a_point_keeps_the_most_of_its_half_second(line: Timeline) -> None:
    for out, at in ((1, 10.0), (9, 10.1), (2, 10.4), (3, 10.5)):
        line.add(replace(CALM, at=at, checked_out=out, waiting=0))
    assert [(slot, out) for slot, out, _idle, _waiting in line._points] == [(10.0, 9), (10.5, 3)]


def test_only_the_last_minutes_are_kept(line: Timeline) -> None:
    for number in range(2000):
        line.add(replace(CALM, at=number / 2))
    assert len(line._points) <= SECONDS / 0.5 + 2


def test_use_and_waiters_are_drawn_in_both_looks(line: Timeline) -> None:
    empty = colours(line)
    assert LIGHT.base in empty
    try:
        for look in (LIGHT, DARK):
            use_look(look)
            QApplication.processEvents()
            for number in range(200):
                line.add(replace(CALM, at=1000.0 + number, checked_out=number % 10, waiting=number % 4))
            drawn = colours(line)
            assert look.base in drawn
            assert len(drawn) > len(empty)
    finally:
        use_look(LIGHT)
