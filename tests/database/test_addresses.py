"""Addresses of servers: as URL, keywords and form in step; nothing that may be a password in any text."""

from __future__ import annotations

import traceback
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import URL, make_url
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from desk.database.addresses import ServerAddress, is_local, parse_address, stated_sslmode
from desk.errors import InvalidInput
from tests.support.told import SENTINEL

words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12).map(str.strip)
names = st.from_regex(r"[a-z][a-z0-9-]{0,8}(\.[a-z]{2,5})?", fullmatch=True)
hosts = st.one_of(
    st.just(""),
    names,
    st.sampled_from(["127.0.0.1", "::1", "fe80::1%eth0", "2001:db8::2", "münchen.example", "under_score"]),
    st.sampled_from(["/var/run/postgresql", "/tmp/A b", "@abstract", "a.example,b.example", "::1,127.0.0.1"]),
)
addresses = st.builds(
    ServerAddress,
    host=hosts,
    port=st.integers(0, 65535),
    database=words,
    user=words,
    schema=words,
    service=words,
    sslmode=st.sampled_from(["", "prefer", "verify-full"]),
    sslrootcert=st.sampled_from(["", "/ca.pem", "C:\\my ca&co.pem"]),
    options=st.lists(st.tuples(st.sampled_from(["application_name", "options"]), words.filter(bool)), max_size=2).map(
        lambda pairs: tuple(dict(pairs).items())
    ),
)
passwords = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)


def connect_arguments(url: str) -> dict[str, str]:
    """What SQLAlchemy would hand to psycopg for a URL."""
    dialect: Any = PGDialect_psycopg
    _words, arguments = dialect().create_connect_args(make_url(url))
    if not str(arguments.get("port", "")).strip(","):  # of hosts that have none
        arguments.pop("port", None)
    return {name: str(value) for name, value in arguments.items()}


@given(addresses)
def test_an_address_comes_back_from_its_url(address: ServerAddress) -> None:
    assert parse_address(address.url()) == (address, "")


@given(addresses)
def test_sqlalchemy_reads_the_url_as_the_same_address(address: ServerAddress) -> None:
    assume(not (address.port and not address.host))  # SQLAlchemy takes such a port from the query, as text
    expected = {
        "host": address.host, "dbname": address.database, "user": address.user, "schema": address.schema,
        "service": address.service, "sslmode": address.sslmode, "sslrootcert": address.sslrootcert,
        "port": ",".join([str(address.port)] * (address.host.count(",") + 1)) if address.port else "",
    } | dict(address.options)  # fmt: skip
    assert connect_arguments(address.url()) == {name: value for name, value in expected.items() if value}


@given(addresses, passwords)
def test_a_url_as_sqlalchemy_writes_it_is_read_with_its_password(address: ServerAddress, password: str) -> None:
    assume("," not in address.host and "/" not in address.host and not address.host.startswith("@"))
    assume("%" not in address.host)
    url = URL.create(
        "postgresql+psycopg", address.user, password, address.host or None, address.port or None, address.database
    )
    read, found = parse_address(url.render_as_string(hide_password=False))
    assert found == password
    assert (read.host, read.database, read.user) == (address.host, address.database, address.user)
    assert read.port == address.port


@given(st.sampled_from(["localhost", "db.example", "/tmp"]), words, words, passwords, st.integers(0, 65535))
def test_keywords_are_read_as_libpq_reads_them(host: str, database: str, user: str, password: str, port: int) -> None:
    given_values = {"host": host, "dbname": database, "user": user, "password": password, "port": str(port or "")}
    text = make_conninfo(**{name: value for name, value in given_values.items() if value})
    libpq = conninfo_to_dict(text)
    address, found = parse_address(text)
    assert found == libpq.get("password", "")
    assert (address.host, address.database, address.user) == (host, libpq.get("dbname", ""), libpq.get("user", ""))
    assert str(address.port or "") == libpq.get("port", "")


@pytest.mark.parametrize(
    "text",
    [
        r"host=a dbname=b\ c user='d e'", r"host = a  user= 'it\'s' dbname='back\\slash'", "host='' user=''",
        "service=lib sslmode=require", "hostaddr=127.0.0.1 connect_timeout=3 dbname=x",
    ],
)  # fmt: skip
def test_keywords_may_be_written_in_every_way_of_libpq(text: str) -> None:
    address, _password = parse_address(text)
    pairs = {"host": address.host, "dbname": address.database, "user": address.user, "service": address.service}
    found = {name: value for name, value in (pairs | {"sslmode": address.sslmode}).items() if value}
    expected = {name: value for name, value in conninfo_to_dict(text).items() if value}
    assert found | dict(address.options) == expected


@pytest.mark.parametrize(
    ("text", "host", "port", "options"),
    [
        ("postgresql://a:1,b:2/db", "a,b", 0, (("port", "1,2"),)),
        ("postgresql://a,b/db", "a,b", 0, ()),
        ("postgresql://a:7,b:7/db", "a,b", 7, ()),
        ("postgresql://a:7,b/db", "a,b", 0, (("port", "7,5432"),)),
        ("postgresql://[::1]:7,[::2]:8/db", "::1,::2", 0, (("port", "7,8"),)),
        ("postgresql:///db?host=a:1&host=b:2", "a,b", 0, (("port", "1,2"),)),
        ("postgresql:///db?host=a,b&port=1,2", "a,b", 0, (("port", "1,2"),)),
        ("postgresql://ignored/db?host=a:1", "a", 1, ()),
        ("postgresql://%2Fvar%2Frun/db", "/var/run", 0, ()),
        ("postgresql:///db?host=/var/run", "/var/run", 0, ()),
        ("host=a,b port=1,2 dbname=db", "a,b", 0, (("port", "1,2"),)),
        ("host=a,b port=7 dbname=db", "a,b", 7, ()),
        ("postgresql://UPPER.example/db", "UPPER.example", 0, ()),
    ],
)
def test_several_hosts_and_every_way_to_write_one(
    text: str, host: str, port: int, options: tuple[tuple[str, str], ...]
) -> None:
    address, _password = parse_address(text)
    assert (address.host, address.port, address.database, address.options) == (host, port, "db", options)
    assert parse_address(address.url())[0] == address
    assert connect_arguments(address.url())["host"] == host


def test_jdbcs_ssl_option_means_require_as_in_libpq() -> None:
    assert parse_address("postgresql://host/db?ssl=true")[0].sslmode == "require"


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql://clerk:{SENTINEL}@host:abc/library",
        f"postgresql://clerk:{SENTINEL}@host:99999/library",
        f"postgresql://clerk:p@{SENTINEL}@host/library",
        f"postgresql://clerk:12/{SENTINEL}@host/library",
        f"postgresql://clerk:/{SENTINEL}@host/library",
        f"postgresql://clerk:%ff{SENTINEL}@host/library",
        f"postgresql://clerk:{SENTINEL}@host/library?novalue",
        f"postgresql://clerk:{SENTINEL}@host/library?sslpassword={SENTINEL}",
        f"postgresql://clerk@host/library?pwd={SENTINEL}",
        f"postgresql://clerk:{SENTINEL}%00@host/library",
        f"postgresql://clerk:{SENTINEL}@[::1/library",
        f"mysql://clerk:{SENTINEL}@host/library",
        f"postgresql:/clerk:{SENTINEL}@host/library",
        f"host=a password='{SENTINEL}",
        f"password={SENTINEL}",
        f"host=a user=b {SENTINEL}",
        SENTINEL,
        "",
    ],
)
def test_what_cannot_be_read_is_refused_and_not_quoted(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_address(text)
    error = refused.value
    assert error.what
    assert SENTINEL not in "".join([str(error), repr(error), *traceback.format_exception(error)])


@given(passwords)
def test_an_address_is_the_same_whatever_its_password(password: str) -> None:
    address, found = parse_address(f"postgresql://clerk:{quote(password, safe='')}@host/library")
    assert found == password
    assert address == ServerAddress(host="host", user="clerk", database="library")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("postgresql://host/db", "host:5432"),
        ("postgresql://[::1]:7/db", "[::1]:7"),
        ("postgresql:///db", "localhost:5432"),
        ("postgresql:///db?service=lib", "service=lib"),
        ("postgresql://a:1,b:2/db", "a,b:1,2"),
        ("postgresql:///db?host=/run&port=7", "/run:7"),
        ("hostaddr=10.0.0.1 dbname=db", "10.0.0.1:5432"),
    ],
)
def test_a_place_is_told_in_few_words(text: str, place: str) -> None:
    assert parse_address(text)[0].place == place


@pytest.mark.parametrize("host", ["", "/run", "@x", "localhost", "LOCALHOST", "127.0.0.1", "127.8.8.8", "::1", "[::1]"])
def test_this_computer_is_known_by_every_name(host: str) -> None:
    assert is_local(host)
    assert stated_sslmode(ServerAddress(host=host)) == "prefer"


@pytest.mark.parametrize(
    "address",
    [
        ServerAddress(host="db.example"), ServerAddress(host="10.0.0.1"), ServerAddress(host="localhost,db.example"),
        ServerAddress(host="localhost", options=(("hostaddr", "10.0.0.1"),)), ServerAddress(host="localhost.example"),
    ],
)  # fmt: skip
def test_everything_is_checked_of_another_computer(address: ServerAddress) -> None:
    assert not address.is_local
    assert stated_sslmode(address) == "verify-full"


def test_a_stated_mode_stays() -> None:
    assert stated_sslmode(ServerAddress(host="db.example", sslmode="require")) == "require"
