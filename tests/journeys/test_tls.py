"""TLS through the connection dialog: an unknown issuer is refused and named, a known one is believed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QAbstractButton, QLabel

from desk.dialogs.connection.connect import ConnectDialog
from tests.support.serving import fill_library, own_server
from tests.support.tls import Issuer, speak_tls
from tests.support.told import SENTINEL
from tests.support.window import Desk, child, opened_window

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from pytestqt.qtbot import QtBot

    from tests.support.postgres import PostgresServer

__all__ = ["own_server"]

NAME = "db.desk.invalid"
ONLY_TLS = "hostssl all all 127.0.0.1/32 scram-sha-256\nlocal all all scram-sha-256\n"


def tried(desk: Desk, dialog: ConnectDialog) -> str:
    """What a test of the connection in front tells."""
    child(dialog, QAbstractButton, "trial_test").click()
    desk.until(lambda: not dialog.trial.is_running and dialog.trial.told, "the result of the test")
    return dialog.trial.told


def test_an_issuer_has_to_be_known_before_a_server_is_believed(
    own_server: PostgresServer, sqlite_path: Path, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    fill_library(own_server)
    known, other = Issuer(tmp_path, "known"), Issuer(tmp_path, "other")
    speak_tls(own_server, known, NAME, access=ONLY_TLS)
    with opened_window(str(sqlite_path), qtbot) as desk:
        desk.settle()
        dialog = desk.dialog("open", ConnectDialog)
        desk.until(lambda: dialog.list.rows and not desk.window.context.runner.running, "the list")
        desk.click(dialog, "profile_new")
        address = f"postgresql://clerk:{SENTINEL}@{NAME}:{own_server.port}/library?hostaddr=127.0.0.1"
        dialog.form.line.insert(f"{address}&sslmode=require")
        assert "not checked" in child(dialog.form, QLabel, "server_tls_told").text()
        dialog.form.line.selectAll()
        dialog.form.line.insert(f"{address}&sslmode=verify-full&sslrootcert={other.root}")
        assert SENTINEL not in dialog.form.line.text()
        refused = tried(desk, dialog)
        assert "issuer" in refused or "certificate" in refused
        dialog.form.line.selectAll()
        dialog.form.line.insert(f"{address}&sslmode=verify-full&sslrootcert={known.root}")
        assert "works" in tried(desk, dialog)
        child(dialog, QAbstractButton, "connect_open").click()
        desk.until(lambda: "library" in desk.window.windowTitle(), "the catalogue")
        desk.settle()
        assert desk.table.total == 30
