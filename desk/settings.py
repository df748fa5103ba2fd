"""Where Desk keeps a person's things.

`DESK_HOME` in the environment puts all folders below one folder: for tests and portable use.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Folders:
    """The user's folders; none is made before something is written into it."""

    config: Path
    data: Path
    state: Path

    @property
    def sample_catalogue(self) -> Path:
        """The catalogue that opens at the first start."""
        return self.data / "sample.desk"


def folders() -> Folders:
    """The folders of this user on this system."""
    home = os.environ.get("DESK_HOME")
    if home:
        return Folders(Path(home, "config"), Path(home, "data"), Path(home, "state"))
    import platformdirs  # noqa: PLC0415  (not needed where DESK_HOME is set)

    dirs = platformdirs.PlatformDirs("desk", appauthor=False)
    return Folders(Path(dirs.user_config_dir), Path(dirs.user_data_dir), Path(dirs.user_state_dir))
