"""What a measurement ran on, and how much memory a process keeps."""

from __future__ import annotations

import gc
import os
import platform
import sqlite3
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

PACKAGES = {"Qt": "PySide6-Essentials", "SQLAlchemy": "SQLAlchemy", "psycopg": "psycopg"}


def machine() -> str:
    """The day, the machine and the versions that figures belong to, in one line."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    parts = [
        f"{datetime.now():%Y-%m-%d}",
        f"{os.cpu_count()} × {_processor()}, {pages / 2**30:.0f} GB",
        _system(),
        f"Python {platform.python_version()}",
        *(f"{name} {version(package)}" for name, package in PACKAGES.items()),
        f"SQLite {sqlite3.sqlite_version}",
    ]
    return " · ".join(parts)


def resident_mb() -> float:
    """The memory of this process that is in RAM (10⁶ bytes), once what nobody needs was given back."""
    gc.collect()
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError("This system does not tell the memory of a process.")


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _system() -> str:
    return platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
