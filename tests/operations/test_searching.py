"""Searching: the same is found with an index, without one and with half of one, whatever is looked for."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from desk.catalog import keys, paging
from desk.catalog.criteria import Criteria
from desk.catalog.models import Author, Book
from desk.catalog.search_state import SearchIndex, SearchMethod, SearchState
from desk.catalog.searching import candidates_select, holds
from desk.catalog.trigrams import FEW, LETTERS, Rarest, trigrams_of
from desk.database import fts_index
from desk.database.actions import Action
from desk.database.profiles import PoolSettings
from desk.errors import ActionCancelled, EnvironmentProblem
from desk.operations.connect import create_catalogue, open_catalogue
from desk.operations.imports.bulk import insert_rows, take_ids
from desk.operations.pages import walk_marks
from desk.operations.searching import (
    drop_search_index,
    fill_search_index,
    make_search_index,
    search_state,
    suspend_search_index,
)
from desk.operations.views import open_view
from tests.support.library import make_books

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from desk.database.sessions import Sessions
    from desk.operations.connect import OpenCatalogue
    from tests.support.postgres import Server

MANY = 1000
TITLES = (
    "Emma", "Hundred Years of Solitude", "100% wool", "100 wool", "under_score", "underXscore", 'the "quoted" word',
    "back\\slash", "it's", "a*b*c", "abc", "caret^col:on-minus", "吾輩は猫である", "吾輩は描である", "ألف ليلة وليلة",
    "😀😁😂 smile", "😀😁 smile", "Ünïcödé", "aaaa", "NEAR AND NOT OR", "(brackets) [of] {all} kinds", "%%%", "___",
    "x", "xy", "xyz", "ends with %", "\\", "ß", "𝔘𝔫𝔦", "a b c d",
)  # fmt: skip
WORDS = (
    "emma", "mma", "back\\slash", "under_score", "100% wool", "100%", "0% w", "er_s", 'e "q', '"', '""', "k\\s", "\\",
    "*b*", "t^c", "l:o", "n-m", "猫", "は猫で", "ليل", "😀😁😂", "😁😂 s", "ödé", "unicode", "aaa", "aaaa", "aaaaa",
    " and ", "near", "(br", "%%%", "%", "_", "___", "x", "xy", "xyz", "xyzz", "'s", "", "ss", "b c", "uni", "the emma",
    "nothing of the kind",
)  # fmt: skip

ALPHABET = st.sampled_from("ab%_\\\"'*^-: .()猫はأé😀ß")


@pytest.fixture
def indexed(catalogue: OpenCatalogue) -> OpenCatalogue:
    """A catalogue with a complete search index; skipped where the server has no pg_trgm."""
    index = search_state(sessions=catalogue.sessions)
    if index.state is SearchState.ABSENT:
        index = make_search_index(sessions=catalogue.sessions)
    if index.state is SearchState.IMPOSSIBLE:
        pytest.skip(index.reason)
    assert index.state is SearchState.READY
    return catalogue


def add_books(catalogue: OpenCatalogue, titles: tuple[str, ...]) -> None:
    """Books, each by an author of the same name."""
    with catalogue.sessions.writing("add") as session:
        for title in titles:
            session.add(Book(title=title, language=None, author=Author(name=title)))
        session.commit()


def found_by(sessions: Sessions, table: str, words: str, column: str | None = None) -> set[int]:
    """What a search finds: the candidates for which the search holds."""
    model: Any = Book if table == "books" else Author
    with sessions.reading("search") as session:
        candidates = session.execute(candidates_select(table, words, sessions.search, MANY, column)).scalars().all()
        exact = select(model.id).where(holds(table, words, column))
        if table == "books":
            exact = exact.outerjoin(Author, Book.author_id == Author.id)
        matches = set(session.execute(exact).scalars())
        assert len(candidates) == len(set(candidates))
        assert matches <= set(candidates)
        return matches


def expected(sessions: Sessions, table: str, words: str) -> set[int]:
    """The same in Python."""
    needle = keys.query_key(words)
    columns = {"books": (Book.id, Book.title_key, Author.name_key), "authors": (Author.id, Author.name_key)}[table]
    statement: Any = select(*columns)
    if table == "books":
        statement = statement.outerjoin(Author, Book.author_id == Author.id)
    with sessions.reading("read") as session:
        return {
            row[0]
            for row in session.execute(statement)
            if any(
                key is not None and (needle in key if len(needle) >= 3 else key.startswith(needle)) for key in row[1:]
            )
        }


@pytest.mark.parametrize("has_index", [True, False], ids=["index", "scan"])
def test_every_character_means_itself(indexed: OpenCatalogue, has_index: bool) -> None:
    sessions = indexed.sessions
    add_books(indexed, TITLES)
    if not has_index:
        drop_search_index(sessions=sessions)
    assert (sessions.search is SearchMethod.SCAN) is not has_index
    for words in WORDS:
        for table in ("books", "authors"):
            assert found_by(sessions, table, words) == expected(sessions, table, words), words


@pytest.mark.parametrize("listed", [0, 3, MANY])
def test_a_view_of_a_search_holds_what_python_finds(
    indexed: OpenCatalogue, monkeypatch: pytest.MonkeyPatch, listed: int
) -> None:
    monkeypatch.setattr(paging, "LISTED", listed)
    sessions = indexed.sessions
    add_books(indexed, TITLES)
    with sessions.writing("add") as session:
        session.add(Book(title="Of its author's name", language=None, author=Author(name="Nowhere else to be read")))
        session.add(Book(title="Nobody's", language=None, author=None))
        session.commit()
    for words in (*WORDS, "nowhere else", "where", "nobody", "of its author"):
        for table in ("books", "authors"):
            criteria = Criteria(table, search=words)
            found = {row.id for row in open_view(sessions=sessions, criteria=criteria).page.rows}
            walked = walk_marks(sessions=sessions, criteria=criteria, mark=None, every=1, seconds=60)
            assert found == expected(sessions, table, words), words
            assert walked.total == len(found), words


def test_a_file_is_asked_for_the_rarest_trigrams_only(sqlite_path: Path) -> None:
    opened = open_catalogue(target=str(sqlite_path))
    make_search_index(sessions=opened.sessions)
    common = [f"{word} everywhere" for word in ("abc", "bcd", "cde") for _number in range(3000)]
    add_books(opened, ("everywhere xyz", *common))
    with opened.sessions.reading("ask") as session:
        rarest = select(Rarest("desk_search_books", trigrams_of("everywhere xyz")))
        asked = session.execute(rarest).scalar_one().split(" AND ")
        many = candidates_select("books", "everywhere xyz", SearchMethod.FTS5, MANY, "title")
        assert len(session.execute(many).scalars().all()) == 1
    opened.close()
    assert len(asked) == FEW
    assert '"xyz"' in asked
    assert {one.strip('"') for one in asked} <= set(trigrams_of("everywhere xyz"))


def test_any_text_finds_what_python_finds(indexed: OpenCatalogue) -> None:
    sessions = indexed.sessions

    @settings(max_examples=20)
    @given(
        titles=st.lists(st.text(ALPHABET, min_size=1, max_size=12).filter(lambda one: one.strip()), max_size=6),
        words=st.text(ALPHABET, max_size=6),
    )
    def check(titles: list[str], words: str) -> None:
        with sessions.writing("begin anew") as session:
            session.execute(text("DELETE FROM books"))
            session.execute(text("DELETE FROM authors"))
            session.commit()
        add_books(indexed, tuple(titles))
        wanted = [words, *(title[1:4] for title in titles)]
        for one in wanted:
            for table in ("books", "authors"):
                assert found_by(sessions, table, one) == expected(sessions, table, one)

    check()


def test_one_column_is_looked_into_alone(indexed: OpenCatalogue) -> None:
    with indexed.sessions.writing("add") as session:
        session.add(Book(title="Emma", language=None, author=Author(name="Austen")))
        session.add(Book(title="Austen and Emma", language=None, author=None))
        session.commit()
    found = {column: len(found_by(indexed.sessions, "books", "austen", column)) for column in (None, "title", "author")}
    assert found == {None: 2, "title": 1, "author": 1}


@pytest.mark.parametrize("words", ["a\0b", "ab\udcffcd", "\udcff"])
def test_what_no_key_can_hold_is_not_found(indexed: OpenCatalogue, words: str) -> None:
    add_books(indexed, TITLES)
    assert found_by(indexed.sessions, "books", words) == set()


def test_no_more_candidates_come_than_are_asked_for(indexed: OpenCatalogue) -> None:
    add_books(indexed, tuple(f"Title {number}" for number in range(30)))
    with indexed.sessions.reading("search") as session:
        for words in ("title", "ti"):
            for table in ("books", "authors"):
                few = candidates_select(table, words, indexed.sessions.search, 7)
                assert len(session.execute(few).scalars().all()) == 7


def test_a_long_text_is_found(indexed: OpenCatalogue) -> None:
    title = " ".join(f"word{number}" for number in range(120))
    add_books(indexed, (title, title[:200]))
    assert len(found_by(indexed.sessions, "books", title)) == 1
    assert len(found_by(indexed.sessions, "books", title[:200])) == 2


def test_changes_of_the_catalogue_reach_the_index(indexed: OpenCatalogue) -> None:
    sessions = indexed.sessions
    add_books(indexed, ("Emma", "Persuasion"))
    with sessions.writing("change") as session:
        session.execute(text("UPDATE books SET title_key = 'northanger abbey' WHERE title = 'Emma'"))
        session.execute(text("DELETE FROM books WHERE title = 'Persuasion'"))
        session.commit()
    assert found_by(sessions, "books", "anger") == expected(sessions, "books", "anger") != set()
    with sessions.reading("search") as session:
        gone = [
            session.execute(candidates_select("books", words, sessions.search, MANY, "title")).scalars().all()
            for words in ("emma", "suas")
        ]
    assert gone == [[], []]
    assert search_state(sessions=sessions, check=True).state is SearchState.READY


# Making it


def test_a_new_catalogue_has_an_index_from_the_start(tmp_path: Path) -> None:
    create_catalogue(target=str(tmp_path / "new.desk"))
    opened = open_catalogue(target=str(tmp_path / "new.desk"))
    assert opened.sessions.search_index == SearchIndex(SearchState.READY, is_there=True, method=SearchMethod.FTS5)
    opened.close()


def test_a_new_catalogue_on_a_server_has_one_where_it_can_be_had(empty_postgres_url: str) -> None:
    create_catalogue(target=empty_postgres_url)
    opened = open_catalogue(target=empty_postgres_url)
    index = opened.sessions.search_index
    opened.close()
    if index.state is SearchState.IMPOSSIBLE:
        pytest.skip(index.reason)
    assert (index.state, index.method) == (SearchState.READY, SearchMethod.TRIGRAM)


def test_it_is_made_dropped_and_made_again(indexed: OpenCatalogue) -> None:
    make_books(indexed, 60)
    for _round in range(2):
        assert drop_search_index(sessions=indexed.sessions).state is SearchState.ABSENT
        assert drop_search_index(sessions=indexed.sessions).state is SearchState.ABSENT
        assert indexed.sessions.search is SearchMethod.SCAN
        assert make_search_index(sessions=indexed.sessions).state is SearchState.READY
        assert indexed.sessions.search is not SearchMethod.SCAN
    assert make_search_index(sessions=indexed.sessions).state is SearchState.READY
    assert search_state(sessions=indexed.sessions, check=True).state is SearchState.READY


def test_before_a_check_it_is_said_how_long_it_keeps_others_waiting(indexed: OpenCatalogue) -> None:
    make_books(indexed, 60)
    told: list[float] = []
    assert search_state(sessions=indexed.sessions, on_check=told.append).state is SearchState.READY
    assert told == []
    assert search_state(sessions=indexed.sessions, check=True, on_check=told.append).state is SearchState.READY
    is_file = indexed.sessions.dialect == "sqlite"  # a server's is not checked
    assert told == ([pytest.approx(80 * fts_index.CHECK_SECONDS)] if is_file else [])


def test_half_an_index_finds_everything(sqlite_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fts_index, "STEP", 10)
    opened = open_catalogue(target=str(sqlite_path))
    sessions = opened.sessions
    drop_search_index(sessions=sessions)
    add_books(opened, TITLES)
    with sessions.writing("begin") as session:
        fts_index.make(session.connection())
        session.commit()
    rounds = 0
    more = True
    while more:
        sessions.search_index = search_state(sessions=sessions)
        assert sessions.search is SearchMethod.FTS5
        for words in ("emma", "100%", "xyz", "aaa"):
            assert found_by(sessions, "books", words) == expected(sessions, "books", words)
        with sessions.writing("step") as session:
            more = fts_index.fill_step(session.connection())
            session.commit()
        add_books(opened, (f"emma {rounds}",))
        with sessions.writing("change") as session:
            session.execute(text("UPDATE books SET title_key = title_key || ' emma' WHERE id % 7 = :n"), {"n": rounds})
            session.execute(text("DELETE FROM books WHERE id % 11 = :n"), {"n": rounds})
            session.commit()
        rounds += 1
    assert rounds > 3
    assert search_state(sessions=sessions, check=True).state is SearchState.READY
    opened.close()


def test_others_write_while_it_is_filled(sqlite_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fts_index, "STEP", 5)
    opened = open_catalogue(target=str(sqlite_path))
    drop_search_index(sessions=opened.sessions)
    make_books(opened, 120)
    other = open_catalogue(target=str(sqlite_path), settings=PoolSettings(lock_timeout=30))
    begun = threading.Event()
    maker = threading.Thread(
        target=make_search_index,
        kwargs={"sessions": opened.sessions, "on_progress": lambda _progress: begun.set()},
    )
    maker.start()
    assert begun.wait(30)
    written = 0
    while maker.is_alive() and written < 20:
        add_books(other, (f"Written meanwhile {written}",))
        written += 1
    maker.join(60)
    assert written
    assert search_state(sessions=opened.sessions, check=True).state is SearchState.READY
    assert len(found_by(opened.sessions, "books", "meanwhile")) == written
    other.close()
    opened.close()


def test_between_two_steps_nobody_is_kept_waiting(sqlite_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        with closing(sqlite3.connect(sqlite_path, timeout=0, isolation_level=None)) as raw:
            raw.execute("BEGIN IMMEDIATE")

    opened = open_catalogue(target=str(sqlite_path))
    drop_search_index(sessions=opened.sessions)
    make_books(opened, 120)
    monkeypatch.setattr(fts_index, "STEP", 10)
    monkeypatch.setattr("desk.operations.searching.time.sleep", pause)
    make_search_index(sessions=opened.sessions)
    assert len(pauses) > 10
    assert min(pauses) > 0
    opened.close()


def test_a_cancelled_making_goes_on_where_it_stopped(sqlite_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fts_index, "STEP", 10)
    opened = open_catalogue(target=str(sqlite_path))
    drop_search_index(sessions=opened.sessions)
    make_books(opened, 120)
    action = Action("make")
    told: list[int] = []

    def on_progress(progress: Any) -> None:
        told.append(progress.done)
        if len(told) == 3:
            action.cancel()

    with action.running(), pytest.raises(ActionCancelled):
        make_search_index(sessions=opened.sessions, on_progress=on_progress)
    assert search_state(sessions=opened.sessions).state is SearchState.INCOMPLETE
    assert opened.pool.snapshot().checked_out == 0
    later: list[int] = []
    make_search_index(sessions=opened.sessions, on_progress=lambda progress: later.append(progress.done))
    assert later[0] > told[-1]
    assert search_state(sessions=opened.sessions, check=True).state is SearchState.READY
    opened.close()


def test_a_cancelled_making_on_a_server_leaves_nothing(postgres_url: str, postgres: Server) -> None:
    opened = open_catalogue(target=postgres_url)
    make_books(opened, 120)
    if search_state(sessions=opened.sessions).state is SearchState.IMPOSSIBLE:
        opened.close()
        pytest.skip("the server has no pg_trgm")
    action = Action("make")
    ended: list[BaseException] = []

    def make() -> None:
        try:
            with action.running():
                make_search_index(sessions=opened.sessions)
        except BaseException as error:
            ended.append(error)

    from sqlalchemy import make_url

    with postgres.connect(str(make_url(postgres_url).database)) as holder:
        holder.execute("BEGIN")
        holder.execute("UPDATE desk.books SET notes = 'held' WHERE id = 1")  # the making waits for this unit
        maker = threading.Thread(target=make)
        maker.start()
        waiting = (
            "SELECT count(*) FROM pg_stat_progress_create_index"
            " WHERE relid = 'desk.books'::regclass AND phase LIKE 'waiting for%'"
        )
        with postgres.connect(str(make_url(postgres_url).database)) as look:
            look.autocommit = True
            while maker.is_alive() and not look.execute(waiting).fetchone()[0]:  # type: ignore[index]
                pass
        action.cancel()
        holder.execute("ROLLBACK")  # removing what is left waits for this unit, too
        maker.join(60)
    assert [type(error) for error in ended] == [ActionCancelled]
    assert search_state(sessions=opened.sessions).state is SearchState.ABSENT
    assert make_search_index(sessions=opened.sessions).state is SearchState.READY
    assert opened.pool.snapshot().checked_out == 0
    opened.close()


def test_an_index_that_was_not_made_to_its_end_is_made_anew(postgres_url: str) -> None:
    with closing(open_catalogue(target=postgres_url)) as opened:
        found = search_state(sessions=opened.sessions)
        if found.state is SearchState.IMPOSSIBLE:
            pytest.skip(found.reason)
        assert make_search_index(sessions=opened.sessions).state is SearchState.READY
        with opened.sessions.outside("break it") as connection:
            connection.exec_driver_sql(
                "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'desk_search_books'::regclass"
            )
        assert search_state(sessions=opened.sessions).state is SearchState.STALE
        assert opened.sessions.search is SearchMethod.SCAN
        assert make_search_index(sessions=opened.sessions).state is SearchState.READY


def test_an_extension_in_another_schema_serves(empty_postgres_url: str, postgres: Server) -> None:
    from sqlalchemy import make_url

    with postgres.connect(str(make_url(empty_postgres_url).database)) as connection:
        connection.execute('CREATE SCHEMA "50% ""odd"" schema"')
        try:
            connection.execute('CREATE EXTENSION pg_trgm SCHEMA "50% ""odd"" schema"')
        except Exception as error:
            pytest.skip(f"the server has no pg_trgm: {error}")
    create_catalogue(target=empty_postgres_url)
    opened = open_catalogue(target=empty_postgres_url)
    assert opened.sessions.search is SearchMethod.TRIGRAM
    add_books(opened, TITLES)
    assert found_by(opened.sessions, "books", "100%") == expected(opened.sessions, "books", "100%")
    opened.close()


def test_a_statement_time_out_does_not_end_the_making(postgres_url: str) -> None:
    opened = open_catalogue(target=postgres_url, settings=PoolSettings(statement_timeout=5))
    with opened.sessions.outside("look") as connection:
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar() == "0"
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "0"
    opened.close()


# Suspending it


def test_many_records_are_taken_in_afterwards(sqlite_path: Path) -> None:
    opened = open_catalogue(target=str(sqlite_path))
    sessions = opened.sessions
    add_books(opened, ("Emma",))
    with sessions.writing("many") as session:
        suspend_search_index(session)
        ids = take_ids(session, "books", 50)
        insert_rows(
            session, "books",
            [(one, f"Emma {one}", f"emma {one}", None, None, None, None, None, None) for one in ids],
        )  # fmt: skip
        session.commit()
    assert search_state(sessions=sessions).state is SearchState.INCOMPLETE
    assert len(found_by(sessions, "books", "emma")) == 51
    assert fill_search_index(sessions=sessions).state is SearchState.READY
    assert len(found_by(sessions, "books", "emma")) == 51
    assert search_state(sessions=sessions, check=True).state is SearchState.READY
    opened.close()


# What does not match


@pytest.mark.parametrize(
    "damage",
    [
        "DROP TRIGGER desk_search_books_update",
        "DROP TABLE desk_search",
        "DELETE FROM desk_search WHERE name = 'books'",
        "UPDATE desk_search SET key_version = 0",
        "DROP TABLE desk_search_authors_config",
        "DROP TABLE desk_search_books_idx",
        "DROP TRIGGER desk_search_books_insert; CREATE TRIGGER desk_search_books_insert AFTER INSERT ON books"
        " BEGIN SELECT 1; END",
        "DROP TABLE desk_search_books; CREATE VIRTUAL TABLE desk_search_books USING fts5(title_key)",
    ],
)
def test_an_index_that_does_not_match_is_not_used_and_made_anew(sqlite_path: Path, damage: str) -> None:
    with closing(sqlite3.connect(sqlite_path)) as raw:
        raw.executescript(damage)
    opened = open_catalogue(target=str(sqlite_path))
    assert opened.sessions.search_index.state is SearchState.STALE
    assert opened.sessions.search_index.reason
    assert opened.sessions.search is SearchMethod.SCAN
    assert make_search_index(sessions=opened.sessions).state is SearchState.READY
    add_books(opened, TITLES)
    assert found_by(opened.sessions, "books", "emma") == expected(opened.sessions, "books", "emma")
    assert search_state(sessions=opened.sessions, check=True).state is SearchState.READY
    opened.close()


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM desk_search_books_data WHERE id > 10",
        "DELETE FROM desk_search_books_data",
        "DELETE FROM desk_search_authors_config",
        "UPDATE desk_search_books_data SET block = zeroblob(9)",
    ],
)
def test_a_damaged_index_is_found_by_a_check_and_made_anew(sqlite_path: Path, damage: str) -> None:
    opened = open_catalogue(target=str(sqlite_path))
    add_books(opened, TITLES)
    opened.close()
    with closing(sqlite3.connect(sqlite_path)) as raw, raw:
        raw.execute(damage)
    opened = open_catalogue(target=str(sqlite_path))
    assert search_state(sessions=opened.sessions, check=True).state is SearchState.STALE
    assert make_search_index(sessions=opened.sessions).state is SearchState.READY
    assert search_state(sessions=opened.sessions, check=True).state is SearchState.READY
    opened.close()


@pytest.mark.parametrize("damage", ["DELETE FROM desk_search_books_data WHERE id > 10", "DROP TABLE desk_search_books"])
def test_a_search_goes_on_without_an_index_that_fails(sqlite_path: Path, damage: str) -> None:
    from desk.catalog.criteria import Criteria

    opened = open_catalogue(target=str(sqlite_path))
    add_books(opened, TITLES)
    assert opened.sessions.search is SearchMethod.FTS5
    with closing(sqlite3.connect(sqlite_path)) as raw, raw:
        raw.execute(damage)
    assert open_view(sessions=opened.sessions, criteria=Criteria("books", search="emma")).total == 1
    assert opened.sessions.search_index.state is SearchState.STALE
    assert opened.pool.snapshot().checked_out == 0
    opened.close()


def test_where_there_can_be_none_it_is_said_why(sqlite_path: Path) -> None:
    with closing(sqlite3.connect(sqlite_path)) as raw, raw:
        raw.execute("CREATE VIEW mine AS SELECT 1")
    opened = open_catalogue(target=str(sqlite_path))
    assert opened.sessions.search_index.state is SearchState.IMPOSSIBLE
    assert "mine" in opened.sessions.search_index.reason
    with pytest.raises(EnvironmentProblem, match="mine") as refused:
        make_search_index(sessions=opened.sessions)
    assert refused.value.code == "impossible"
    assert drop_search_index(sessions=opened.sessions) == SearchIndex(
        SearchState.IMPOSSIBLE, opened.sessions.search_index.reason
    )
    opened.close()


def test_a_sqlite_without_trigrams_does_without(sqlite_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fts_index, "lacks_trigrams", lambda: True)
    opened = open_catalogue(target=str(sqlite_path))
    assert opened.sessions.search_index.state is SearchState.IMPOSSIBLE
    assert opened.sessions.search is SearchMethod.SCAN
    opened.close()


@pytest.fixture
def role_without_rights(postgres: Server, postgres_url: str) -> Iterator[str]:
    """The URL of a role that owns nothing."""
    from sqlalchemy import make_url

    database = str(make_url(postgres_url).database)
    name = f"reader_{database}"
    with postgres.connect(database) as connection:
        connection.execute(f"CREATE ROLE \"{name}\" LOGIN PASSWORD 'reader'")
        connection.execute(f'GRANT USAGE ON SCHEMA desk TO "{name}"')
        connection.execute(f'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA desk TO "{name}"')
    yield str(postgres.url(database, user=name, password="reader"))
    with postgres.connect(database) as connection:
        connection.execute(f'DROP OWNED BY "{name}"')
        connection.execute(f'DROP ROLE "{name}"')


def test_a_role_that_may_not_make_it_is_told_so(role_without_rights: str) -> None:
    opened = open_catalogue(target=role_without_rights)
    assert opened.sessions.search_index.state is SearchState.IMPOSSIBLE
    assert opened.sessions.search_index.reason == "the tables belong to another role"
    opened.close()


def test_a_search_by_index_reads_no_more_than_what_it_finds(sqlite_path: Path) -> None:
    from sqlalchemy.dialects import sqlite

    opened = open_catalogue(target=str(sqlite_path))
    literal = {"literal_binds": True}
    for words in ("emma", "em"):
        for method in (SearchMethod.FTS5, SearchMethod.SCAN):
            select_ids = candidates_select("books", words, method, 7)
            plan = f"EXPLAIN QUERY PLAN {select_ids.compile(dialect=sqlite.dialect(), compile_kwargs=literal)}"
            with opened.sessions.reading("plan") as session:
                steps = [row[3] for row in session.execute(text(plan.replace(":", "\\:")))]
            scans = [step for step in steps if step.startswith(("SCAN books", "SCAN authors"))]
            if method is SearchMethod.SCAN and len(words) >= LETTERS:
                assert all("COVERING INDEX" in step for step in scans)
            else:
                assert scans == []
            assert any(step.startswith("SEARCH books USING COVERING INDEX ix_books_author_id") for step in steps)
    opened.close()


def test_the_state_costs_two_statements_at_most(catalogue: OpenCatalogue) -> None:
    action = Action("look")
    with action.running():
        search_state(sessions=catalogue.sessions)
    assert action.statements <= 3  # and BEGIN
