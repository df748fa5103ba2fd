"""The link to a server dies under the window: it is said, edits stay, and views come back by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desk.database import migrations, targets
from tests.journeys.conftest import fill
from tests.support.serving import own_server
from tests.support.window import opened_window

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from tests.support.postgres import PostgresServer

__all__ = ["own_server"]

RECOVERY_MS = 30_000


def test_reads_come_back_by_themselves_and_edits_stay(
    own_server: PostgresServer, application: object, qtbot: QtBot
) -> None:
    target = own_server.create_database("journey")
    migrations.upgrade(targets.target_url(target))
    fill(target)
    with opened_window(target, qtbot) as desk:
        desk.settle()
        desk.find("Good Omens")
        desk.type_cell("published_year", "1991")
        own_server._end_process("fast")
        desk.trigger("refresh")
        desk.until(desk.browser.problems.isVisible, "the reason")
        assert desk.text(0, "title") == "Good Omens"
        assert desk.edits.edits()[0].values == {"published_year": 1991}
        own_server._launch()
        desk.until(lambda: not desk.browser.problems.isVisible(), "the view to come back", patience_ms=RECOVERY_MS)
        desk.settle()
        assert desk.text(0, "published_year") == "1991"
        desk.commit()
        assert desk.text(0, "published_year") == "1991"
