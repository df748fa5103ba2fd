"""Where Desk keeps a person's things, and the few settings they chose (TOML).

`DESK_HOME` in the environment puts all four folders below one folder: for tests and portable use.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Folders:
    """The user's folders; none is made before something is written into it."""

    config: Path
    data: Path
    state: Path
    log: Path

    @property
    def sample_catalogue(self) -> Path:
        """The catalogue that opens at the first start."""
        return self.data / "sample.desk"

    @property
    def settings_file(self) -> Path:
        return self.config / "settings.toml"


def folders() -> Folders:
    """The folders of this user on this system."""
    home = os.environ.get("DESK_HOME")
    if home:
        base = Path(home)
        return Folders(base / "config", base / "data", base / "state", base / "log")
    import platformdirs  # noqa: PLC0415  (not needed where DESK_HOME is set)

    dirs = platformdirs.PlatformDirs("desk", appauthor=False)
    return Folders(
        Path(dirs.user_config_dir),
        Path(dirs.user_data_dir),
        Path(dirs.user_state_dir),
        Path(dirs.user_log_dir),
    )


def load_settings() -> dict[str, Any]:
    """The settings as nested tables; empty when there is no file or it cannot be read (it is then left alone)."""
    try:
        with folders().settings_file.open("rb") as file:
            return tomllib.load(file)
    except (OSError, tomllib.TOMLDecodeError):
        return {}


def save_settings(settings: dict[str, Any]) -> None:
    """Replaces the settings file as a whole; a crash leaves the old or the new one.

    Raises OSError when the folder cannot be written.
    """
    import tomli_w  # noqa: PLC0415  (only when something is saved)

    target = folders().settings_file
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_suffix(".new")
    fresh.write_bytes(tomli_w.dumps(settings).encode())
    fresh.replace(target)
