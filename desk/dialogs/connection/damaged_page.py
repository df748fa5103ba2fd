"""The page of a connection's file that cannot be read: where it is and why, and that it was left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from desk.dialogs.files import FilePlace
from desk.i18n import _
from desk.panels.parts import heading, plain, styled

if TYPE_CHECKING:
    from desk.operations.profiles import DamagedProfile


class DamagedPage(QWidget):
    """Shows one damaged file."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("damaged_page")
        self._reason = plain("", "damaged_reason", _("Why it cannot be read"))
        styled(self._reason, lambda colours: f"color: {colours.bad};")
        self._place = FilePlace("damaged", _("The file"))
        advice = QLabel(
            _("It was kept as it is. Mend it with a text editor, or move it away; Desk changes nothing in it.")
        )
        advice.setWordWrap(True)
        box = QVBoxLayout(self)
        box.setSpacing(12)
        box.addWidget(heading(_("This connection cannot be read")))
        box.addWidget(self._reason)
        box.addWidget(self._place)
        box.addWidget(advice)
        box.addStretch(1)

    def show_file(self, damaged: DamagedProfile) -> None:
        """Shows why a file cannot be read."""
        self._reason.setText(damaged.reason)
        self._place.show_path(damaged.path)
