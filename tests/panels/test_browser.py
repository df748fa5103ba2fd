"""A view that fails because of its link comes back by itself, and everything that was there stays meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtWidgets import QStackedWidget, QWidget

from desk.catalog.columns import BOOKS
from desk.catalog.criteria import Criteria
from desk.errors import EnvironmentProblem
from desk.operations import pages, trying
from desk.operations.connect import open_catalogue
from desk.panels.browser import Browser
from desk.panels.context import Context
from desk.panels.retries import LONGEST_SECONDS, Retries
from desk.panels.troubles import LONGEST_LIST, RECOVERABLE
from desk.tables.record_table import original_of
from tests.support.serving import fill_library, nothing_is_out, own_server
from tests.support.shelf import book

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from tests.support.postgres import PostgresServer

__all__ = ["own_server"]

PATIENCE_MS = 20_000


class Link:
    """A link that can be broken: as long as it is, pages fail with its code."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.code = ""
        self.asked = 0
        self._load_page = pages.load_page
        monkeypatch.setattr(pages, "load_page", self.load_page)

    def load_page(self, **arguments: Any) -> Any:
        self.asked += 1
        if self.code:
            raise EnvironmentProblem("The link is broken.", kept="Your edits are kept.", code=self.code)
        return self._load_page(**arguments)


@pytest.fixture
def link(monkeypatch: pytest.MonkeyPatch) -> Link:
    return Link(monkeypatch)


@pytest.fixture
def browser(context: Context, link: Link, qtbot: QtBot) -> Iterator[Browser]:
    """The books of the small catalogue, loaded and shown."""
    made = Browser(BOOKS, context)
    qtbot.addWidget(made)
    made.resize(800, 400)
    made.show()
    made.show_view(Criteria("books"))
    until_idle(made, context, qtbot)
    assert made.table.rowCount() == 3
    yield made
    made.forget()
    context.runner.drop_all()


def until_idle(browser: Browser, context: Context, bot: QtBot) -> None:
    bot.waitUntil(lambda: not context.runner.running, timeout=PATIENCE_MS)


def end_pause(retries: Retries) -> None:
    """Lets a pause be over now."""
    assert retries.seconds
    retries._pause.stop()
    retries._pause.timeout.emit()


def texts(browser: Browser) -> list[str | None]:
    """What the first row shows."""
    return [browser.table.index(0, column).data() for column in range(browser.table.columnCount())]


def fail(browser: Browser, context: Context, link: Link, bot: QtBot, code: str = "lost") -> None:
    link.code = code
    browser.refresh()
    bot.waitUntil(browser.problems.isVisible, timeout=PATIENCE_MS)
    until_idle(browser, context, bot)


def test_pauses_grow_up_to_the_longest(application: object, qtbot: QtBot) -> None:
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.show()
    retries, asked = Retries(widget), []
    retries.due.connect(lambda: asked.append(1))
    lengths = []
    for _number in range(7):
        lengths.append(retries.wait())
        assert retries.wait() == lengths[-1], "one pause at a time"
        end_pause(retries)
    assert lengths == [1, 2, 4, 8, 16, LONGEST_SECONDS, LONGEST_SECONDS]
    assert len(asked) == 7
    retries.start_over()
    assert retries.wait() == 1


def test_a_trouble_that_is_over_is_not_told_again(browser: Browser, context: Context, link: Link, qtbot: QtBot) -> None:
    fail(browser, context, link, qtbot)
    link.code = ""
    browser.troubles.passed()  # another page came
    with qtbot.waitSignal(browser.troubles.again_wanted):
        end_pause(browser.troubles.retries)
        assert browser.problems.isHidden()
    until_idle(browser, context, qtbot)


@pytest.mark.parametrize("code", RECOVERABLE)
def test_a_view_comes_back_by_itself(browser: Browser, context: Context, link: Link, qtbot: QtBot, code: str) -> None:
    context.edits.set_field(original_of(BOOKS, book(1, title="Orlando")), "title", "Orlando!")
    fail(browser, context, link, qtbot, code)
    assert "Trying again in 1 second." in browser.problems.text
    assert browser.problems.retry.isEnabled()
    assert browser.table.rowCount() == 3
    assert all(browser.table.key_at(row) for row in range(3)), "what was loaded stays"
    end_pause(browser.troubles.retries)
    assert "Trying again …" in browser.problems.text
    qtbot.waitUntil(lambda: "Trying again in 2 seconds." in browser.problems.text, timeout=PATIENCE_MS)
    link.code = ""
    end_pause(browser.troubles.retries)
    qtbot.waitUntil(lambda: not browser.problems.isVisible(), timeout=PATIENCE_MS)
    until_idle(browser, context, qtbot)
    assert browser.table.rowCount() == 3
    assert len(context.edits) == 1
    link.code = code
    browser.table.page_wanted.emit(browser.table.places.request(0))
    qtbot.waitUntil(browser.problems.isVisible, timeout=PATIENCE_MS)
    assert browser.troubles.retries.seconds == 1, "after a success the pauses begin anew"


def test_a_full_server_is_told_with_who_holds_it(
    browser: Browser, context: Context, link: Link, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = tuple(trying.HeldBy("clerk", f"program {number}", "127.0.0.1", 9 - number) for number in range(9))
    monkeypatch.setattr(trying, "who_holds", lambda **_arguments: trying.ServerHolders(held, 97, 100, 3))
    fail(browser, context, link, qtbot, "clients")
    first, *lines = browser.problems.text.splitlines()
    assert "Trying again in 1 second." in first
    assert lines[0].startswith("97 of 100 connections are in use")
    assert lines[1] == "9 connections: clerk, program 0, from 127.0.0.1"
    assert len(lines) == LONGEST_LIST


def test_what_does_not_pass_by_itself_is_not_tried_again(
    browser: Browser, context: Context, link: Link, qtbot: QtBot
) -> None:
    fail(browser, context, link, qtbot, "permission")
    assert not browser.troubles.retries.seconds
    assert browser.problems.retry.isVisible()


def test_retry_asks_at_once(browser: Browser, context: Context, link: Link, qtbot: QtBot) -> None:
    fail(browser, context, link, qtbot)
    link.code = ""
    browser.problems.retry.click()
    qtbot.waitUntil(lambda: not browser.problems.isVisible(), timeout=PATIENCE_MS)
    assert not browser.troubles.retries.seconds


def test_a_newer_view_ends_the_retries(browser: Browser, context: Context, link: Link, qtbot: QtBot) -> None:
    fail(browser, context, link, qtbot)
    link.code = ""
    browser.show_view(Criteria("books", search="waves"))
    assert not browser.troubles.retries.seconds
    qtbot.waitUntil(lambda: browser.is_loaded, timeout=PATIENCE_MS)
    assert browser.table.rowCount() == 1


def test_another_catalogue_ends_the_retries(browser: Browser, context: Context, link: Link, qtbot: QtBot) -> None:
    fail(browser, context, link, qtbot)
    browser.forget()
    assert not browser.troubles.retries.seconds


def test_a_view_out_of_sight_asks_for_nothing_until_it_is_shown(
    browser: Browser, context: Context, link: Link, qtbot: QtBot
) -> None:
    stack, other = QStackedWidget(), QWidget()
    qtbot.addWidget(stack)
    stack.addWidget(browser)
    stack.addWidget(other)
    stack.setCurrentWidget(browser)
    stack.show()
    fail(browser, context, link, qtbot)
    stack.setCurrentWidget(other)
    asked = link.asked
    end_pause(browser.troubles.retries)
    assert not context.runner.running
    assert link.asked == asked
    link.code = ""
    stack.setCurrentWidget(browser)
    qtbot.waitUntil(lambda: not browser.problems.isVisible(), timeout=PATIENCE_MS)
    until_idle(browser, context, qtbot)
    assert link.asked > asked
    stack.removeWidget(browser)
    browser.setParent(None)


def test_a_view_comes_back_after_a_real_server_does(
    own_server: PostgresServer, application: object, qtbot: QtBot
) -> None:
    context = Context()
    context.catalogue = opened = open_catalogue(target=fill_library(own_server))
    browser = Browser(BOOKS, context)
    qtbot.addWidget(browser)
    browser.resize(800, 400)
    browser.show()
    browser.show_view(Criteria("books"))
    until_idle(browser, context, qtbot)
    key, shown = browser.table.key_at(0), texts(browser)
    own_server._end_process("fast")
    browser.refresh()
    qtbot.waitUntil(browser.problems.isVisible, timeout=PATIENCE_MS)
    assert browser.table.rowCount() == 30
    assert browser.table.key_at(0) == key
    assert texts(browser) == shown
    own_server._launch()
    qtbot.waitUntil(lambda: not browser.problems.isVisible(), timeout=PATIENCE_MS)
    until_idle(browser, context, qtbot)
    assert browser.table.key_at(0) == key
    assert nothing_is_out(opened)
    browser.forget()
    assert context.runner.close()
    opened.close()
