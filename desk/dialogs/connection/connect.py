"""The connection dialog: kept and recent connections on the left, the one in front as a form on the right.

Invariant: nothing that was typed is lost without a question, and no file, keyring or database is asked on the
interface's thread.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desk.dialogs.connection.connection_entry import FILE, Entry
from desk.dialogs.connection.connection_form import ConnectionForm
from desk.dialogs.connection.damaged_page import DamagedPage
from desk.dialogs.connection.message_line import MessageLine
from desk.dialogs.connection.profile_list import ProfileList
from desk.dialogs.connection.profile_rows import BLANK, Row, copy_of, merged
from desk.dialogs.connection.profile_shelf import Shelf
from desk.dialogs.connection.question_bar import QuestionBar
from desk.dialogs.connection.trial_bar import TrialBar
from desk.dialogs.connection.unsaved import Unsaved
from desk.i18n import _
from desk.panels.parts import named

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QKeyEvent, QShowEvent

    from desk.database.profiles import Profile
    from desk.work.runner import Runner


class ConnectDialog(QDialog):
    """Chooses, changes and tries connections. Not modal.

    `open_wanted` carries a Profile, its password as typed (None where none was) and whether it wants a window of its
    own. `chosen` is the connection to bring to the front: a kept one, or one to keep.
    """

    open_wanted = Signal(object, object, bool)

    def __init__(self, runner: Runner, parent: QWidget | None = None, *, chosen: Profile | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("connect_dialog")
        self.setWindowTitle(_("Connections"))
        self.setModal(False)
        self._chosen = chosen
        self._row: Row | None = None
        self.shelf = Shelf(runner, self)
        self.list = ProfileList()
        self.form = ConnectionForm()
        self.damaged = DamagedPage()
        self.trial = TrialBar(runner)
        self.question = QuestionBar("connect_question")
        self.unsaved = Unsaved(self.shelf, self.question, self)
        self._message = MessageLine("connect_message")
        self.buttons = {
            name: self._make_button(name, text)
            for name, text in (
                ("save", _("&Save")),
                ("open_window", _("Open in a new &window")),
                ("open", _("&Open")),
            )
        }
        self._lay_out()
        self._connect()
        self._show_row(None)
        self.list.items.setFocus()

    @property
    def message(self) -> str:
        """What the dialog says of the last thing that was done; '' for nothing."""
        return self._message.told

    # Actions

    @Slot()
    def open_here(self) -> None:
        """Opens the connection in front in the window."""
        self._settle(partial(self._open, new_window=False), opens=True)

    @Slot()
    def open_in_window(self) -> None:
        """Opens the connection in front in a window of its own."""
        self._settle(partial(self._open, new_window=True), opens=True)

    @Slot()
    def save(self) -> None:
        """Keeps the connection in front."""
        if self._row is not None and self._is_usable():
            self._leave()
            self.unsaved.save((self._row,))

    @Slot()
    def test(self) -> None:
        """Tries the connection in front."""
        if self._is_usable():
            self.trial.try_entry(self.form.entry)

    @Slot(str)
    def use_tool(self, name: str) -> None:
        """Does what a button below the list does; `name` is one of profile_list.TOOLS."""
        tools: dict[str, Callable[[], object]] = {
            "new": self._begin_new,
            "duplicate": self._duplicate,
            "delete": self._ask_to_delete,
            "import": partial(self.shelf.ask_import, self),
            "export": partial(
                self.shelf.ask_export, self, [row.entry.profile for row in self.list.rows if row.is_kept]
            ),
        }
        tools[name]()

    # Qt

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not event.spontaneous():
            self.shelf.load()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape leaves the smallest thing first: a question, a test, a line that cannot be read, then the dialog."""
        if event.key() != Qt.Key.Key_Escape:
            super().keyPressEvent(event)
        elif self.question.text:
            self.question.dismiss()
        elif self.trial.is_running:
            self.trial.stop()
        elif not self.form.give_line_up():
            self.reject()

    def reject(self) -> None:
        """Closes the dialog, after asking where something is not saved."""
        self._settle(super().reject, opens=False)

    def done(self, result: int) -> None:
        """Nothing that the dialog asked for is waited for any more."""
        self.trial.forget()
        self.shelf.drop()
        super().done(result)

    # Slots: the list

    @Slot(object)
    def _on_loaded(self, rows: list[Row]) -> None:
        """Shows what is kept now; what is typed and not saved stays with its connection."""
        self._leave()
        before = self._row
        told, is_bad = self._message.told, self._message.is_bad
        self.list.show_rows(merged(self.list.rows, rows))
        self._bring_to_front(before)
        self._message.say(told, is_bad=is_bad)

    @Slot(object)
    def _on_row_chosen(self, row: Row | None) -> None:
        self.form.finish_line()
        self._leave()
        before = self._row
        if row is before:
            return
        self.question.close_question()
        self.trial.forget()
        self._message.say("")
        self._show_row(row)
        if before is not None and before.is_new and before.draft is None:
            self.list.remove(before)

    @Slot(object, str)
    def _on_row_saved(self, row: Row, note: str) -> None:
        if row is self._row:
            self._show_row(row)
        self.list.refresh()
        self._message.say(note or _("“{title}” is saved.").format(title=row.title), is_bad=bool(note))

    @Slot(object)
    def _on_row_refused(self, row: Row) -> None:
        self.list.choose(row)
        self._is_usable()

    # Slots: the form

    @Slot()
    def _on_edited(self) -> None:
        self.trial.forget()
        self._message.say("")
        self._leave()

    @Slot(str)
    def _on_path_settled(self, path: str) -> None:
        self.shelf.look_at(path, partial(self.form.file.show_state, path))

    @Slot(str)
    def _on_create_wanted(self, path: str) -> None:
        self.shelf.create(path, partial(self._on_created, path))

    def _on_created(self, path: str) -> None:
        self.form.file.show_state(path, FILE)
        self._message.say(_("A new, empty catalogue was created in {path}.").format(path=path))
        self.buttons["open"].setFocus()

    # Opening, saving, deleting

    def _open(self, *, new_window: bool) -> None:
        entry = self.form.entry
        self.open_wanted.emit(entry.profile, entry.password or None, new_window)
        self.accept()

    def _settle(self, then: Callable[[], object], *, opens: bool) -> None:
        """Does something that ends the dialog, once it is decided what becomes of all that is not saved.

        A new connection that `opens` need not be decided: it will be among the recent ones.
        """
        if opens and not self._is_usable():
            return
        self.form.finish_line()
        self._leave()
        unsaved = [row for row in self.list.rows if row.is_unsaved]
        self.unsaved.settle([row for row in unsaved if not (opens and row is self._row and not row.is_kept)], then)

    def _begin_new(self) -> None:
        self.list.add(Row(BLANK, is_new=True))
        self.form.file.path_field.line.setFocus()

    def _duplicate(self) -> None:
        if self._row is not None:
            self.list.add(Row(BLANK, draft=copy_of(self.form.entry), is_new=True))

    def _ask_to_delete(self) -> None:
        row = self._row
        if row is None:
            return
        self.question.ask(
            _("Delete the connection “{title}”? The database stays as it is.").format(title=row.title),
            {
                "delete_yes": (_("Delete it"), partial(self._delete, row)),
                "delete_no": (_("Keep it"), None),
            },
        )

    def _delete(self, row: Row) -> None:
        if row.is_kept:
            self.shelf.delete(row.entry.profile, partial(self._forget, row))
        else:
            self._forget(row)

    def _forget(self, row: Row) -> None:
        title = row.title
        if row is self._row:
            self._row = None
        self.list.remove(row)
        self._bring_to_front(self._row or self.list.row)
        self._message.say(_("“{title}” is gone from the list.").format(title=title))

    # Helpers

    def _leave(self) -> None:
        """Notes what is typed in the form as the draft of its row, or that it is as before."""
        row = self._row
        if row is None or row.damaged is not None:
            return
        entry = self.form.entry
        row.draft = entry if entry != row.shown else None
        self.list.refresh()

    def _is_usable(self) -> bool:
        """Whether the form can be used as it stands; says why not."""
        if self._row is None or self._row.damaged is not None:
            return False
        problem = self.form.take()
        if problem:
            self._message.say(problem, is_bad=True)
        return not problem

    def _show_row(self, row: Row | None) -> None:
        self._row = None  # what the form tells of itself now is nobody's typing
        damaged = row.damaged if row is not None else None
        self._pages.setCurrentWidget(self._right if damaged is None else self.damaged)
        if damaged is not None:
            self.damaged.show_file(damaged)
        elif row is not None:
            if row.shown is None:
                self.form.show_entry(row.entry)
                row.shown = self.form.entry
            if self.form.entry != row.current:
                self.form.show_entry(row.current)
        self._row = row
        self._right.setEnabled(row is not None)
        for button in self.buttons.values():
            button.setEnabled(row is not None and damaged is None)

    def _bring_to_front(self, before: Row | None) -> None:
        """The row that was in front stays; at first it is the wanted one, else the first, else a new one."""
        rows = self.list.rows
        row: Row | None
        if self._chosen is not None:
            row, self._chosen = self._row_for(self._chosen), None
        else:
            same = (row for row in rows if before is not None and row.is_of(before.entry.profile))
            usable = (row for row in rows if row.damaged is None)
            row = before if before in rows else next(same, None) or next(usable, None)
        if row is None:
            self._begin_new()
            return
        self.list.choose(row)
        self._show_row(row)

    def _row_for(self, profile: Profile) -> Row:
        """The row of a connection that is to be shown, made where it has none."""
        known = next((row for row in self.list.rows if row.is_of(profile)), None)
        if known is None:
            known = Row(Entry(profile))
            self.list.add(known)
        return known

    def _make_button(self, name: str, text: str) -> QPushButton:
        return named(QPushButton(text), f"connect_{name}", text.replace("&", ""))

    def _lay_out(self) -> None:
        self._right = QWidget()
        right = QVBoxLayout(self._right)
        right.setContentsMargins(0, 0, 0, 0)
        right.addWidget(self.form, 1)
        right.addWidget(self.trial)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._right)
        self._pages.addWidget(self.damaged)
        split = QSplitter()
        split.setChildrenCollapsible(False)
        split.addWidget(self.list)
        split.addWidget(self._pages)
        split.setStretchFactor(1, 1)
        split.setSizes([250, 650])
        buttons = QDialogButtonBox()
        buttons.addButton(self.buttons["save"], QDialogButtonBox.ButtonRole.ActionRole)
        buttons.addButton(self.buttons["open_window"], QDialogButtonBox.ButtonRole.ActionRole)
        buttons.addButton(self.buttons["open"], QDialogButtonBox.ButtonRole.ActionRole)
        close = buttons.addButton(_("Close"), QDialogButtonBox.ButtonRole.RejectRole)
        close.setObjectName("connect_close")
        buttons.rejected.connect(self.reject)
        box = QVBoxLayout(self)
        box.addWidget(split, 1)
        box.addWidget(self.question)
        box.addWidget(self._message)
        box.addWidget(buttons)
        self.buttons["open"].setDefault(True)  # not before it is in the dialog
        self.resize(900, 580)

    def _connect(self) -> None:
        self.shelf.loaded.connect(self._on_loaded)
        self.shelf.keyring_told.connect(self.form.server.show_keyring)
        self.shelf.told.connect(self._message.tell)
        self.list.row_chosen.connect(self._on_row_chosen)
        self.list.open_wanted.connect(self.open_here)
        self.list.tool_wanted.connect(self.use_tool)
        self.unsaved.row_saved.connect(self._on_row_saved)
        self.unsaved.row_refused.connect(self._on_row_refused)
        self.form.edited.connect(self._on_edited)
        self.form.file.path_settled.connect(self._on_path_settled)
        self.form.file.create_wanted.connect(self._on_create_wanted)
        self.trial.test_wanted.connect(self.test)
        self.buttons["save"].clicked.connect(self.save)
        self.buttons["open_window"].clicked.connect(self.open_in_window)
        self.buttons["open"].clicked.connect(self.open_here)
