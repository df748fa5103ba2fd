"""What the tests of dialogs share."""

from __future__ import annotations

from tests.support.window import application

__all__ = ["application"]
