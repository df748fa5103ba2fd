"""Every control can be found by a screen reader and by a test: it has a name or a text, and an object name."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPlainTextEdit,
    QWidget,
)

from desk.catalog.columns import AUTHORS, BOOKS, TABLES
from desk.catalog.criteria import Criteria, Filter, Op
from desk.catalog.edits import Conflict, Edit, EditKind, RecordKey
from desk.database.profiles import Profile
from desk.database.revisions import SchemaState
from desk.dialogs.conflict import ConflictDialog
from desk.dialogs.connection.password import PasswordDialog
from desk.dialogs.recovery import RecoveryDialog
from desk.dialogs.schema_question import SchemaQuestion
from desk.operations.migrating import Revision, UpgradePlan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from desk.window.main_window import MainWindow

CONTROLS = (QAbstractButton, QLineEdit, QPlainTextEdit, QComboBox, QAbstractItemView)
OF_QT = ("qt_", "_q_")
"""What the names of Qt's own parts begin with."""
UNNAMED_BY_QT = ("QTableCornerButton", "QToolBarExtension", "QLineEditIconButton", "QMenuBarExtension")


def controls(inside: QWidget) -> Iterator[QWidget]:
    """All controls of a window but Qt's own parts of others."""
    for widget in inside.findChildren(QWidget):
        if not isinstance(widget, CONTROLS) or isinstance(widget, QHeaderView):
            continue
        if widget.objectName().startswith(OF_QT) or widget.metaObject().className() in UNNAMED_BY_QT:
            continue
        yield widget


def name_of(widget: QWidget) -> str:
    text = widget.text() if isinstance(widget, QAbstractButton) else ""
    return (widget.accessibleName() or text).replace("&", "").strip()


def nameless(inside: QWidget) -> list[str]:
    return [f"{type(one).__name__} {one.objectName()!r}" for one in controls(inside) if not name_of(one)]


def anonymous(inside: QWidget) -> list[str]:
    """Controls without an object name; the buttons of a tool bar are known by their actions."""
    return [
        f"{type(one).__name__} “{name_of(one)}”"
        for one in controls(inside)
        if not one.objectName() and not one.actions()
    ]


def test_every_control_of_the_window_has_names(window: MainWindow) -> None:
    for name, browser in window.browsers.items():
        column = TABLES[name].columns[0].name
        browser.filters.show_criteria(Criteria(name, (Filter(column, Op.CONTAINS, "x"),)))
    assert sum(1 for _control in controls(window)) > 30
    assert nameless(window) == []
    assert anonymous(window) == []


def test_docks_and_panels_have_titles(window: MainWindow) -> None:
    for dock in window.docks.values():
        assert dock.objectName()
        assert dock.windowTitle()


def test_labels_of_a_form_lead_to_their_fields(window: MainWindow) -> None:
    for page in window.details.pages.values():
        led_to = {label.buddy() for label in page.form.findChildren(QLabel) if label.buddy() is not None}
        assert {field.editor for field in page.form.fields.values()} <= led_to


def test_every_control_of_the_conflict_dialog_has_names(window: MainWindow) -> None:
    edit = Edit(
        RecordKey("books", 1), EditKind.UPDATE, "Orlando", 1, MappingProxyType({"title": "Orlando"}),
        MappingProxyType({"title": "Mine"}),
    )  # fmt: skip
    dialog = ConflictDialog((Conflict(edit, MappingProxyType({"title": "Theirs"}), 2),), window)
    assert nameless(dialog) == []
    assert anonymous(dialog) == []


def test_every_control_of_the_recovery_dialog_has_names(window: MainWindow) -> None:
    dialog = RecoveryDialog((), "/home/ann/library.desk", window)
    assert nameless(dialog) == []
    assert anonymous(dialog) == []
    dialog.deleteLater()


def test_every_control_of_a_filter_editor_has_names(window: MainWindow) -> None:
    for description, column, op in (
        (BOOKS, "published_year", Op.RANGE),
        (BOOKS, "title", Op.CONTAINS),
        (AUTHORS, "books", Op.HAS_BOOK_OVER),
    ):
        editor = window.browsers[description.name].filters.edit_filter(description.column(column), op)
        assert editor is not None
        assert nameless(editor) == []
        assert anonymous(editor) == []
        editor.close()


def test_every_button_of_a_question_has_names(window: MainWindow) -> None:
    window.context.edits.add("books")
    questions = {
        "closing_question": window.unit.ask_before_closing,
        "question": window.unit.roll_back,
        "restore_question": window.commands["restore_sample"].trigger,
        "about_box": window.commands["about"].trigger,
    }
    for name, ask in questions.items():
        ask()
        box = window.findChild(QMessageBox, name)
        assert isinstance(box, QMessageBox), name
        assert box.text()
        assert nameless(box) == []
        box.reject()
        box.deleteLater()


@pytest.mark.parametrize("command", ["open", "import", "export", "migrations"])
def test_every_control_of_a_dialog_has_names(window: MainWindow, sqlite_path: Path, qtbot: QtBot, command: str) -> None:
    window.open_target(str(sqlite_path))
    qtbot.waitUntil(lambda: window.commands[command].isEnabled() and not window.context.runner.running, timeout=10_000)
    window.commands[command].trigger()
    dialog = window.files.dialog(command)
    assert dialog is not None
    qtbot.waitUntil(lambda: not window.context.runner.running, timeout=10_000)
    assert nameless(dialog) == []
    assert anonymous(dialog) == []
    dialog.close()


def test_every_control_of_a_question_about_opening_has_names(window: MainWindow) -> None:
    profile = Profile("postgresql://ann@db.example/library")
    plan = UpgradePlan("library", SchemaState.OLDER, "0001", "0002", (Revision("0002", "More.", False),), None, "", "")
    for dialog in (
        PasswordDialog(profile, "The server refused the password.", "", window),
        SchemaQuestion(plan, window.context.runner, profile, window),
    ):
        assert nameless(dialog) == []
        assert anonymous(dialog) == []
        dialog.deleteLater()
