"""The one way to a translated text, on every floor: gettext, English first."""

from __future__ import annotations

import gettext

from desk.resources import data_folder

_translation = gettext.translation("desk", localedir=str(data_folder("resources") / "locale"), fallback=True)

_ = _translation.gettext
ngettext = _translation.ngettext
