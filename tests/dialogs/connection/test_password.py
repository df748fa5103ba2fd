"""The password dialog: says who is asked and why, hands the password over once, and keeps nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QCheckBox, QLabel, QLineEdit

from desk.database.profiles import Profile
from desk.dialogs.connection.password import PasswordDialog
from tests.support.told import SENTINEL
from tests.support.window import child
from tests.window.test_accessibility import anonymous, nameless

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

LIBRARY = Profile("postgresql://me@db.example:6432/books?sslmode=verify-full", name="Library", id="library")


@pytest.fixture
def asked(application: object, qtbot: QtBot) -> Callable[..., PasswordDialog]:
    """`asked(reason=..., keyring_note=...)` opens the dialog."""

    def ask(profile: Profile = LIBRARY, reason: str = "", keyring_note: str = "") -> PasswordDialog:
        dialog = PasswordDialog(profile, reason, keyring_note)
        qtbot.addWidget(dialog)
        dialog.open()
        return dialog

    return ask


def test_it_says_who_is_asked_and_why(asked: Callable[..., PasswordDialog]) -> None:
    dialog = asked(reason="The password was refused.")
    assert child(dialog, QLabel, "password_account").text() == "me@db.example:6432/books"
    reason = child(dialog, QLabel, "password_reason")
    assert reason.isVisible()
    assert reason.text() == "The password was refused."
    assert dialog.windowModality() == Qt.WindowModality.WindowModal


def test_enter_hands_the_password_over_and_leaves_nothing(asked: Callable[..., PasswordDialog], qtbot: QtBot) -> None:
    dialog = asked()
    field = child(dialog, QLineEdit, "password_field")
    assert dialog.focusWidget() is field
    QTest.keyClicks(field, SENTINEL)
    assert SENTINEL not in field.displayText()
    with qtbot.waitSignal(dialog.password_given) as given:
        QTest.keyClick(field, Qt.Key.Key_Return)
    assert given.args == [SENTINEL, False]
    assert not dialog.isVisible()
    assert field.text() == ""


def test_escape_hands_nothing_over(asked: Callable[..., PasswordDialog], qtbot: QtBot) -> None:
    dialog = asked()
    field = child(dialog, QLineEdit, "password_field")
    QTest.keyClicks(field, SENTINEL)
    with qtbot.assertNotEmitted(dialog.password_given), qtbot.waitSignal(dialog.rejected):
        QTest.keyClick(field, Qt.Key.Key_Escape)
    assert field.text() == ""


def test_it_can_be_kept_in_the_keyring(asked: Callable[..., PasswordDialog], qtbot: QtBot) -> None:
    dialog = asked()
    child(dialog, QCheckBox, "password_keep").click()
    with qtbot.waitSignal(dialog.password_given) as given:
        dialog.accept()
    assert given.args == ["", True]


def test_without_a_keyring_it_says_why_nothing_can_be_kept(asked: Callable[..., PasswordDialog]) -> None:
    kept = Profile(LIBRARY.target, keeps_password=True)
    dialog = asked(kept, keyring_note="There is no keyring on this system.")
    keep = child(dialog, QCheckBox, "password_keep")
    assert not keep.isEnabled()
    assert not keep.isChecked()
    assert child(dialog, QLabel, "password_keyring_note").text() == "There is no keyring on this system."


def test_the_password_shows_itself_when_asked(asked: Callable[..., PasswordDialog]) -> None:
    dialog = asked()
    field = child(dialog, QLineEdit, "password_field")
    QTest.keyClicks(field, SENTINEL)
    show = child(dialog, QAbstractButton, "password_field_show")
    show.click()
    assert field.displayText() == SENTINEL
    assert show.accessibleName() == "Hide the password"
    show.click()
    assert SENTINEL not in field.displayText()


def test_what_a_server_says_is_no_markup(asked: Callable[..., PasswordDialog]) -> None:
    dialog = asked(reason="<b>refused</b>")
    assert child(dialog, QLabel, "password_reason").textFormat() == Qt.TextFormat.PlainText


def test_every_control_has_names(asked: Callable[..., PasswordDialog]) -> None:
    dialog = asked(reason="The password was refused.", keyring_note="There is no keyring.")
    assert nameless(dialog) == []
    assert anonymous(dialog) == []
