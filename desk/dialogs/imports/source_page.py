"""Chooses one CSV file and how it is read: encoding, separator, and which column goes to which field.

Invariant: what is shown is what is read: every choice is followed by a new look at the head of the file.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desk.catalog.import_fields import DELIMITERS, ENCODINGS, TABLE_FIELDS, CsvSource
from desk.dialogs.files import ask_for_file
from desk.dialogs.imports.mapping_table import COLUMNS_SHOWN, MappingTable
from desk.errors import ActionCancelled, DeskError
from desk.i18n import _, ngettext
from desk.panels.parts import ProblemBar, dim, named
from desk.tables.look import icon
from desk.work import door
from desk.work.long_job import LongJob, words_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from desk.operations.imports.import_preview import CsvPreview
    from desk.panels.context import Context


class SourcePage(QWidget):
    """The choices about one file of books or of authors; `changed` tells that `source` or `is_ready` may be others."""

    changed = Signal()

    def __init__(self, context: Context, table: str, empty: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"{table}_source")
        self._context = context
        self._name = table
        self.path: Path | None = None
        self._preview: CsvPreview | None = None
        self._mapping: Mapping[str, str] | None = None
        """The mapping that was asked about last."""
        self._is_chosen = False
        """Whether a person said which column goes where."""
        self._stack = QStackedWidget()
        self._job = LongJob(context.runner, self)
        self._job.ended.connect(self._on_previewed)
        self._job.failed.connect(self._on_failed)
        self._path = named(QLineEdit(), f"{table}_path", _("File"))
        self._path.setReadOnly(True)
        self._path.setPlaceholderText(_("No file is chosen"))
        self.choose_button = self._button("choose", _("C&hoose …"), "open", self._on_choose)
        self.clear_button = self._button("clear", _("&Leave out"), "close", self.clear)
        self.encoding = self._combo("encoding", _("Encoding"), ENCODINGS)
        self.delimiter = self._combo("delimiter", _("Separator"), DELIMITERS)
        self.facts = QLabel()
        dim(self.facts)
        self.problems = ProblemBar(f"{table}_problem")
        self.problems.retry_wanted.connect(self.reload)
        self.table = MappingTable(TABLE_FIELDS[table], table)
        self.table.mapping_changed.connect(self._on_mapping_changed)
        self._lay_out(empty)
        self._show_state()

    @property
    def source(self) -> CsvSource | None:
        """How the file is to be read, every field stated; None while no file is chosen."""
        if self.path is None:
            return None
        return self._source(self.path, self.table.mapping if self._preview else None)

    @property
    def is_ready(self) -> bool:
        """Whether the file, read like this, can be imported."""
        return self._preview is not None and not self._preview.problem and not self._job.is_running

    def choose_file(self, path: Path) -> None:
        """Begins with another file; everything about it is guessed."""
        self.path, self._preview, self._is_chosen = path, None, False
        self._path.setText(str(path))
        self._path.setToolTip(str(path))
        for combo in (self.encoding, self.delimiter):
            combo.setCurrentIndex(0)
            combo.setItemText(0, _("guessed"))
        self.reload()

    @Slot()
    def clear(self) -> None:
        """Chooses no file."""
        self.path, self._preview, self._is_chosen = None, None, False
        self._path.clear()
        self._job.drop()
        self._show_state()
        self.changed.emit()

    @Slot()
    def reload(self) -> None:
        """Looks at the head of the file anew; a mapping that was chosen is kept while there are as many columns."""
        self._look(None)

    # Slots

    @Slot()
    def _on_mapping_changed(self) -> None:
        self._is_chosen = True
        self._look(self.table.mapping)

    @Slot(object)
    def _on_previewed(self, preview: CsvPreview) -> None:
        self._preview = preview
        same_columns = len(self.table.headers) == len(preview.headers)
        chosen = self.table.mapping_to(preview.headers) if self._is_chosen and same_columns else None
        self.table.show_rows(preview.headers, preview.rows, preview.mapping if chosen is None else chosen)
        self._order_keys()
        self._show_guesses(preview)
        if chosen is not None and self._mapping is None and self.table.mapping != _stated(preview.mapping, chosen):
            self._look(chosen)  # what was chosen outlives another encoding
            return
        self._show_state()
        self.changed.emit()

    @Slot(object)
    def _on_failed(self, error: BaseException) -> None:
        self._preview = None
        if not isinstance(error, (DeskError, ActionCancelled)):
            self._context.runner.action_failed.emit(error)
        self._show_state()
        self.problems.tell(words_for(error, _("The file was not looked into.")), retry=True)
        self.changed.emit()

    @Slot()
    def _on_choose(self) -> None:
        filters = (_("CSV files (*.csv *.tsv *.txt)"), _("All files (*)"))
        ask_for_file(self, _("Choose a CSV file"), filters, self._on_file_chosen)

    @Slot(str)
    def _on_file_chosen(self, path: str) -> None:
        self.choose_file(Path(path))

    # Helpers

    def _source(self, path: Path, mapping: Mapping[str, str] | None) -> CsvSource:
        return CsvSource(path, self.encoding.currentData(), self.delimiter.currentData(), mapping)

    def _look(self, mapping: Mapping[str, str] | None) -> None:
        """Asks for the head of the file under a mapping; None lets it be guessed."""
        if self.path is None:
            return
        self._mapping = mapping
        self._job.start(
            _("Look into {name}").format(name=self.path.name),
            door.preview_csv,
            {"source": self._source(self.path, mapping), "table": self._name},
        )
        self.changed.emit()

    def _order_keys(self) -> None:
        """Tab goes from the separator through the choices to the rows."""
        chain: list[QWidget] = [self.delimiter, *self.table.header.combos, self.table]
        for one, other in pairwise(chain):
            self.setTabOrder(one, other)

    def _show_guesses(self, preview: CsvPreview) -> None:
        """Names what was guessed in the first choice of each combo box."""
        for combo, guessed, value, titles in (
            (self.encoding, preview.guessed_encoding, preview.encoding, ENCODINGS),
            (self.delimiter, preview.guessed_delimiter, preview.delimiter, DELIMITERS),
        ):
            if guessed:
                title = titles.get(value, value)
                combo.setItemText(0, _("guessed: {title}").format(title=title) if title else _("guessed"))

    def _show_state(self) -> None:
        preview = self._preview
        self._stack.setCurrentIndex(1 if preview is not None and preview.headers else 0)
        self.clear_button.setEnabled(self.path is not None)
        for combo in (self.encoding, self.delimiter):
            combo.setEnabled(self.path is not None)
        if preview is not None and preview.problem:
            self.problems.tell(preview.problem, retry=False)
        else:
            self.problems.hide()
        self.facts.setText(_facts(preview, self.table.mapping) if preview and preview.headers else "")

    def _button(self, name: str, text: str, icon_name: str, slot: object) -> QPushButton:
        button = named(QPushButton(icon(icon_name), text), f"{self._name}_{name}", text.replace("&", ""))
        button.setAutoDefault(False)
        button.clicked.connect(slot)
        return button

    def _combo(self, name: str, title: str, choices: Mapping[str, str]) -> QComboBox:
        combo = named(QComboBox(), f"{self._name}_{name}", title)
        named(combo.view(), f"{self._name}_{name}_list", title)
        combo.addItem(_("guessed"), "")
        for value, text in choices.items():
            combo.addItem(text, value)
        combo.setMinimumContentsLength(24)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        combo.activated.connect(self.reload)
        return combo

    def _lay_out(self, empty: str) -> None:
        top = QGridLayout()
        top.setColumnStretch(3, 1)
        file_row = QHBoxLayout()
        file_row.addWidget(self._path, 1)
        file_row.addWidget(self.choose_button)
        if self._name != "books":
            file_row.addWidget(self.clear_button)
        top.addWidget(_label(_("&File"), self._path), 0, 0)
        top.addLayout(file_row, 0, 1, 1, 3)
        top.addWidget(_label(_("&Encoding"), self.encoding), 1, 0)
        top.addWidget(self.encoding, 1, 1)
        separator = QHBoxLayout()
        separator.addWidget(_label(_("&Separator"), self.delimiter))
        separator.addWidget(self.delimiter)
        top.addLayout(separator, 1, 2)
        top.addWidget(self.facts, 1, 3, Qt.AlignmentFlag.AlignRight)
        hint = QLabel(empty)
        hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        hint.setWordWrap(True)
        dim(hint)
        self._stack.addWidget(hint)
        self._stack.addWidget(self.table)
        box = QVBoxLayout(self)
        box.addLayout(top)
        box.addWidget(self.problems)
        box.addWidget(self._stack, 1)


def _label(text: str, buddy: QWidget) -> QLabel:
    label = QLabel(text)
    label.setBuddy(buddy)
    return label


def _facts(preview: CsvPreview, mapping: Mapping[str, str]) -> str:
    columns, rows = len(preview.headers), len(preview.rows)
    used = sum(bool(header) for header in mapping.values())
    said = [
        ngettext("{used} of {count:,} column is imported", "{used} of {count:,} columns are imported", columns).format(
            used=used, count=columns
        ),
        ngettext("{count} row is shown", "the first {count} rows are shown", rows).format(count=rows)
        if rows
        else _("no row follows the header"),
    ]
    if columns > COLUMNS_SHOWN:
        said[1] = _("the first {count} of them are shown").format(count=COLUMNS_SHOWN)
    return " · ".join(said)


def _stated(mapping: Mapping[str, str], every: Mapping[str, str]) -> dict[str, str]:
    """A mapping with a word for every field."""
    return {name: mapping.get(name, "") for name in every}
