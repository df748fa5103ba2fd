"""Keys order and find: marks, scripts, articles, lengths, and the rules of ISBN."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from desk.catalog import keys

TITLES = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
LANGUAGES = st.sampled_from([None, "", "en", "eng", "de-AT", "fr", "it", "nl", "hu", "el", "ja", "x"])


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("García Márquez", "garcia marquez"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("Ångström", "angstrom"),
        ("İstanbul", "istanbul"),
        ("Ὀδύσσεια", "οδυσσεια"),
        ("ΛΌΓΟΣ", "λογοσ"),
        ("λόγος", "λογοσ"),
        ("ﬁne", "fine"),
        ("Ｄｅｓｋ", "desk"),
        ("O’Brien", "o'brien"),
        ("  two \t\n spaces\u00a0here ", "two spaces here"),
        ("", ""),
    ],
)
def test_case_width_and_marks_of_latin_and_greek_do_not_count(text: str, key: str) -> None:
    assert keys.normalized(text) == key


@pytest.mark.parametrize(
    ("one", "other"), [("が", "か"), ("ぱ", "は"), ("й", "и"), ("ё", "е"), ("كَتَبَ", "كتب"), ("각", "가"), ("कि", "क")]
)
def test_marks_of_other_scripts_tell_words_apart(one: str, other: str) -> None:
    assert keys.normalized(one) != keys.normalized(other)


def test_composed_and_decomposed_forms_have_one_key() -> None:
    for text in ("が", "é", "각", "ώ", "أ"):
        assert keys.normalized(unicodedata.normalize("NFD", text)) == keys.normalized(text)


@pytest.mark.parametrize(
    ("title", "language", "key"),
    [
        ("The Hobbit", "en", "hobbit"),
        ("The Hobbit", "eng", "hobbit"),
        ("THE HOBBIT", "en-GB", "hobbit"),
        ("A Room of One's Own", "en", "room of one's own"),
        ("Der Prozess", "de", "prozess"),
        ("L’Étranger", "fr", "etranger"),
        ("Un' altra vita", "it", "altra vita"),
        ("'t Hart", "nl", "hart"),
        ("Η Οδύσσεια", "el", "οδυσσεια"),
        ("Az ember tragédiája", "hu", "ember tragediaja"),
        ("The Hobbit", "de", "the hobbit"),
        ("The Hobbit", None, "the hobbit"),
        ("The Hobbit", "tlh", "the hobbit"),
        ("Thebes", "en", "thebes"),
        ("The", "en", "the"),
        ("The The", "en", "the"),
    ],
)
def test_a_title_loses_the_leading_article_of_its_own_language_only(title: str, language: str | None, key: str) -> None:
    assert keys.title_key(title, language) == key


def test_a_name_keeps_what_looks_like_an_article() -> None:
    assert keys.author_key("Le Guin, Ursula") == "le guin, ursula"


@pytest.mark.parametrize("query", ["the hobbit", "hobbit", "HOBBIT", " The  Hobbit ", "hóbbit", "hob"])
@pytest.mark.parametrize(("title", "language"), [("The Hobbit", "en"), ("The Hobbit", None), ("Hobbit", "en")])
def test_a_query_with_or_without_article_finds_the_title(query: str, title: str, language: str | None) -> None:
    assert keys.query_key(query) in keys.title_key(title, language)


@given(TITLES, LANGUAGES)
@example("the " + "x" * 1500, None)
@example("The A Team", "en")
@example("L' x", "fr")
@example("ᾼ`´", None)
def test_a_title_finds_itself(title: str, language: str | None) -> None:
    assert keys.query_key(title) in keys.title_key(title, language)


@given(TITLES)
def test_normalizing_twice_changes_nothing(text: str) -> None:
    once = keys.normalized(text)
    assert keys.normalized(once) == once


@given(st.text(st.sampled_from("aé紫𐍈"), min_size=200, max_size=900))
def test_a_key_is_cut_at_a_character_to_what_an_index_holds(name: str) -> None:
    key, whole = keys.author_key(name), keys.normalized(name)
    size = len(key.encode())
    assert whole.startswith(key)
    assert size <= keys.KEY_BYTES
    assert key == whole or size > keys.KEY_BYTES - 4


@pytest.mark.parametrize(
    "code", ["080442957X", "0-8044-2957-x", "978-0-306-40615-7", "9780306406157", "979 10 90636 07 1"]
)
def test_a_right_isbn_is_valid(code: str) -> None:
    assert keys.isbn_is_valid(code)


@pytest.mark.parametrize(
    "code",
    ["0804429571", "9780306406158", "1234567890123", "X804429570", "978030640615X", "080442957", "", "９７８03064061"],
)
def test_a_wrong_isbn_is_refused(code: str) -> None:
    assert not keys.isbn_is_valid(code)
    assert keys.isbn13(code) is None


@given(st.from_regex(r"[0-9]{9}", fullmatch=True), st.integers(0, 9))
def test_every_single_wrong_digit_of_an_isbn10_is_noticed(body: str, place: int) -> None:
    check = next(digit for digit in "0123456789X" if keys.isbn_is_valid(body + digit))
    code = body + check
    wrong = [code[:place] + digit + code[place + 1 :] for digit in "0123456789" if digit != code[place]]
    assert not any(keys.isbn_is_valid(one) for one in wrong)


def test_an_isbn10_becomes_the_isbn13_of_the_same_book() -> None:
    assert keys.isbn13("0-261-10334-2") == "9780261103344"
    assert keys.isbn13("080442957x") == "9780804429573"


@pytest.mark.parametrize(
    ("code", "language"),
    [(None, ""), ("", ""), ("eng", "en"), ("EN", "en"), ("en-US", "en"), ("en_US", "en"), ("nb", "no"), ("ja", "ja")],
)
def test_a_language_code_is_reduced_to_its_language(code: str | None, language: str) -> None:
    assert keys.base_language(code) == language


@given(
    st.lists(
        st.sampled_from([None, "", "9780261103344", "9780261103345", "0-261-10334-X", "x", "97802611033", "97" * 7])
    )
)
def test_a_column_of_isbns_is_judged_as_each_of_them_is(codes: list[str | None]) -> None:
    wanted = [place for place, code in enumerate(codes) if code and not keys.isbn_is_valid(code)]
    assert keys.wrong_isbns(codes) == wanted


@given(st.lists(st.integers(0, 10**9 - 1), min_size=1, max_size=120), st.data())
def test_one_wrong_check_digit_among_right_isbns_is_found(bodies: list[int], data: st.DataObject) -> None:
    codes = [keys.isbn13(_isbn10(body)) or "" for body in bodies]
    assert all(codes)
    assert keys.wrong_isbns(codes) == []
    place = data.draw(st.integers(0, len(codes) - 1))
    codes[place] = codes[place][:-1] + str((int(codes[place][-1]) + data.draw(st.integers(1, 9))) % 10)
    assert keys.wrong_isbns(codes) == [place]


def _isbn10(body: int) -> str:
    digits = f"{body:09}"
    rest = -sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=True)) % 11
    return digits + ("X" if rest == 10 else str(rest))
