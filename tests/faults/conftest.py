"""The application, for faults that a grid or a window has to survive."""

from __future__ import annotations

from tests.support.window import application

__all__ = ["application"]
