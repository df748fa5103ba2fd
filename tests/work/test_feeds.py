"""The feed of the pool: at most ten pictures a second, however much happens, and none of them costs a connection."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from desk.work.feeds import PoolFeed
from tests.support.editing import scalar

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desk.catalog.snapshots import PoolSnapshot
    from desk.operations.connect import OpenCatalogue


def test_ten_pictures_a_second_at_most_and_no_connection_for_them(
    catalogue: OpenCatalogue, application: object, qtbot: QtBot
) -> None:
    feed = PoolFeed()
    seen: list[PoolSnapshot] = []
    feed.pool_changed.connect(seen.append)
    before = catalogue.pool.snapshot()
    started = time.monotonic()
    feed.watch(catalogue.pool.snapshot)
    assert len(seen) == 1
    qtbot.waitUntil(lambda: len(seen) >= 6)
    assert len(seen) <= (time.monotonic() - started) * 10 + 1.5
    after = catalogue.pool.snapshot()
    assert (after.opened, after.checked_out, after.timeouts) == (before.opened, 0, 0)
    feed.watch(None)


def test_a_thousand_check_outs_are_one_picture(catalogue: OpenCatalogue, application: object, qtbot: QtBot) -> None:
    feed = PoolFeed()
    seen: list[PoolSnapshot] = []
    feed.watch(catalogue.pool.snapshot)
    feed.pool_changed.connect(seen.append)
    for _time in range(200):
        scalar(catalogue, "SELECT 1")
    assert seen == []
    qtbot.waitUntil(lambda: len(seen) == 1)
    feed.watch(None)


def test_nothing_is_watched_after_the_end(catalogue: OpenCatalogue, application: object, qtbot: QtBot) -> None:
    feed = PoolFeed()
    feed.watch(catalogue.pool.snapshot)
    feed.watch(None)
    with qtbot.assertNotEmitted(feed.pool_changed, wait=150):
        pass
