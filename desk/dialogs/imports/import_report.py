"""An import under way and what came of it: progress, figures, the rejected rows and where they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QProgressBar, QVBoxLayout, QWidget

from desk.dialogs.files import FilePlace
from desk.dialogs.imports.findings import FindingsTree, doubles_group, rejected_group
from desk.dialogs.imports.forecast import STEPS
from desk.i18n import _
from desk.panels.parts import dim, heading, named

if TYPE_CHECKING:
    from desk.operations.imports.import_figures import ImportProgress
    from desk.operations.imports.importing import ImportReport

DETAIL = " "
"""What the lines of a report begin with that belong to the line before: here they are in the list."""


class ImportReportPage(QWidget):
    """Shows a running import, then its report."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("import_report")
        self.title = heading("")
        self.title.setObjectName("import_title")
        self.bar = named(QProgressBar(), "import_progress", _("How much of the file was read"))
        self.bar.setRange(0, STEPS)
        self.counts = named(QLabel(), "import_counts", _("Rows read and rejected so far"))
        self.hint = QLabel(_("You can go on working in the window meanwhile; closing this dialog cancels the import."))
        dim(self.hint)
        self.text = named(QPlainTextEdit(), "import_lines", _("Report"))
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.findings = FindingsTree("import_findings", _("What was rejected or is doubtful"))
        self.rejects = FilePlace("rejects_file", _("Rejected rows"))
        self.authors_rejects = FilePlace("authors_rejects_file", _("Rejected authors"))
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        for widget in (self.title, self.bar, self.counts, self.hint):
            box.addWidget(widget)
        box.addWidget(self.text, 1)
        box.addWidget(self.findings, 3)
        box.addWidget(self.rejects)
        box.addWidget(self.authors_rejects)
        box.addStretch(0)

    def begin(self, name: str) -> None:
        """Shows that the file of that name is being imported."""
        self.title.setText(_("Importing {name}").format(name=name))
        self.counts.setText(_("Starting …"))
        self.bar.setValue(0)
        self._show_parts(running=True)
        self.text.hide()
        self.findings.hide()
        self.rejects.show_path(None)
        self.authors_rejects.show_path(None)

    def say(self, text: str) -> None:
        """Tells of the running import."""
        self.counts.setText(text)

    @Slot(object)
    def show_progress(self, progress: ImportProgress) -> None:
        self.bar.setValue(round(progress.fraction * STEPS))
        self.counts.setText(
            _("{records:,} rows read, {rejected:,} of them rejected").format(
                records=progress.records, rejected=progress.rejected
            )
        )

    def show_report(self, name: str, report: ImportReport) -> None:
        """Shows what an import did."""
        self.title.setText(_("{name} was imported").format(name=name))
        self._show_parts(running=False)
        self.text.setPlainText("\n".join(line for line in report.lines() if not line.startswith(DETAIL)))
        self.text.show()
        self.findings.show_groups(
            (
                rejected_group(report.rejected),
                rejected_group(report.authors_rejected, of_authors=True),
                doubles_group(report.possible_duplicates),
            )
        )
        self.findings.setVisible(not self.findings.is_empty)
        self.rejects.show_path(report.rejects_file)
        self.authors_rejects.show_path(report.authors_rejects_file)

    def _show_parts(self, *, running: bool) -> None:
        for part in (self.bar, self.counts, self.hint):
            part.setVisible(running)
