"""deskctl search-index: looks at the search index of a catalogue, makes it and removes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desk.catalog.search_state import SearchState
from desk.ctl.terminal import Answer, Usage, cancellable, database_or_sample, opened, status_line
from desk.errors import ActionCancelled
from desk.i18n import _, ngettext

if TYPE_CHECKING:
    import argparse

    from desk.catalog.search_state import SearchIndex, SearchProgress

ACTIONS = ("state", "make", "drop")

_SENTENCES = {
    SearchState.ABSENT: _("There is no search index: a search reads all keys. “deskctl search-index make” makes it."),
    SearchState.INCOMPLETE: _("The search index is not complete; “deskctl search-index make” goes on with it."),
    SearchState.READY: _("The search index is complete."),
    SearchState.STALE: _("The search index is of no use: {reason}. “deskctl search-index make” makes it anew."),
    SearchState.IMPOSSIBLE: _("There can be no search index here: {reason}."),
}


def search_index(options: argparse.Namespace) -> Answer:
    from desk.operations import searching

    if options.action != "state" and options.database is None:
        raise Usage(_("Name the catalogue: --database FILE-or-URL."))
    with opened(database_or_sample(options)) as catalogue, cancellable("search index"), status_line() as show:

        def check() -> SearchIndex:
            return searching.search_state(
                sessions=catalogue.sessions, check=True, on_check=lambda seconds: show(_check_words(seconds))
            )

        if options.action == "make":
            check()  # a damaged one is made anew
            try:
                index = searching.make_search_index(
                    sessions=catalogue.sessions, on_progress=lambda now: show(_progress_words(now))
                )
            except ActionCancelled as end:
                raise ActionCancelled(_("What is done of it stays; the next time goes on.")) from end
        elif options.action == "drop":
            index = searching.drop_search_index(sessions=catalogue.sessions)
        else:
            index = check()
    return _answer(index)


def _answer(index: SearchIndex) -> Answer:
    return Answer(
        {"state": index.state.value, "reason": index.reason},
        [_SENTENCES[index.state].format(reason=index.reason)],
        1 if index.state in (SearchState.STALE, SearchState.IMPOSSIBLE) else 0,
    )


def _check_words(seconds: float) -> str:
    count = max(1, round(seconds))
    return ngettext(
        "Checking the search index: nobody else can write for about {count} second.",
        "Checking the search index: nobody else can write for about {count} seconds.",
        count,
    ).format(count=count)


def _progress_words(now: SearchProgress) -> str:
    return _("{share:4.0%} of the search index").format(share=now.done / now.total if now.total else 0)
