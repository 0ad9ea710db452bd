"""How lists go on and end."""

from __future__ import annotations

from typing import Any

import pytest
from orderweft import UnavailableError
from orderweft_oms_generic.profiles.calls import RenderedCall
from orderweft_oms_generic.profiles.model import Paging, Profile
from orderweft_oms_generic.profiles.paging import Progress, first_page, page_plan

from .profile_text import small_profile

BASE = "https://oms.example.com/api"
CALL = RenderedCall("GET", "/stock", {"w": "1"}, {})


@pytest.fixture
def profile() -> Profile:
    """Return a profile to page with."""
    return small_profile()


def _walk(profile: Profile, paging: Paging, answers: list[tuple[list[Any], Any, dict[str, str]]]) -> list[RenderedCall]:
    call: RenderedCall | None = first_page(paging, CALL)
    progress, sent = Progress(), list[RenderedCall]()
    for rows, body, headers in answers:
        assert call is not None
        sent.append(call)
        call, progress = page_plan(profile, paging, call, progress, body=body, headers=headers, rows=rows, base=BASE)
    assert call is None
    return sent


def _paging(**fields: Any) -> Paging:
    return Paging.model_validate(fields)


def _rows(first: int, count: int) -> list[int]:
    return list(range(first, first + count))


@pytest.mark.parametrize(
    ("paging", "answers", "queries"),
    [
        (_paging(kind="page", size_param="n", size=2), [(_rows(0, 2), {}, {}), (_rows(2, 1), {}, {})],
         [{"page": "1", "n": "2"}, {"page": "2", "n": "2"}]),
        (_paging(kind="page", first=0, size=2, stop_on_short_page=False),
         [(_rows(0, 1), {}, {}), (_rows(1, 1), {}, {}), ([], {}, {})], [{"page": "0"}, {"page": "1"}, {"page": "2"}]),
        (_paging(kind="offset", param="o", size=5, total="number(body.total)"),
         [(_rows(0, 2), {"total": "3"}, {}), (_rows(2, 1), {"total": 3}, {})], [{"o": "0"}, {"o": "2"}]),
        (_paging(kind="cursor", param="after", next="body.next"),
         [(_rows(0, 1), {"next": "a"}, {}), ([], {"next": "b"}, {}), (_rows(1, 1), {"next": ""}, {})],
         [{}, {"after": "a"}, {"after": "b"}]),
        (_paging(kind="id_after", param="after", next="rows[-1].id"),
         [([{"id": 7}], {}, {}), ([], {}, {})], [{}, {"after": "7"}]),
        (_paging(kind="header_json", header="X-Pagination", more="paging.last_page == `false`", size=9),
         [([0], {}, {"x-pagination": '{"last_page": false}'}), ([1], {}, {"X-Pagination": '{"last_page": true}'})],
         [{"page": "1"}, {"page": "2"}]),
    ],
    ids=["page", "until empty", "offset", "cursor", "id after", "header"],
)  # fmt: skip
def test_a_list_is_read_to_its_end(profile: Profile, paging: Paging, answers: Any, queries: Any) -> None:
    """Each kind of paging asks for the next page until the system, its total or a short page says so."""
    assert [dict(call.query) for call in _walk(profile, paging, answers)] == [{"w": "1", **query} for query in queries]


@pytest.mark.parametrize(
    "link",
    ["https://oms.example.com/api/stock?after=2&w=1", "/api/stock?after=2&w=1", "?after=2&w=1"],
    ids=["full", "from root", "query only"],
)
def test_a_link_is_followed_below_the_base(profile: Profile, link: str) -> None:
    """A link may be full or relative, in the body or in the Link header."""
    paging = _paging(kind="next_link", next="coalesce(body.next, links.next)")
    for body, headers in (({"next": link}, {}), ({}, {"Link": f'<{link}>; rel="next", </x>; rel="last"'})):
        sent = _walk(profile, paging, [([1], body, headers), ([2], {}, {})])
        assert (sent[1].path, dict(sent[1].query)) == ("/stock", {"after": "2", "w": "1"})


@pytest.mark.parametrize(
    "link", ["https://evil.example/api/stock", "http://oms.example.com/api/x", "/admin", "//evil.example/api/x"]
)
def test_a_link_elsewhere_is_not_followed(profile: Profile, link: str) -> None:
    """Credentials do not travel to where an answer points."""
    with pytest.raises(UnavailableError, match="outside"):
        _walk(profile, _paging(kind="next_link", next="body.next"), [([1], {"next": link}, {})])


@pytest.mark.parametrize(
    ("paging", "answers", "message"),
    [
        (_paging(kind="page", size=1), [([1], {}, {}), ([1], {}, {})], "the same page twice"),
        (_paging(kind="cursor", next="body.n"), [([1], {"n": "a"}, {}), ([2], {"n": "a"}, {})], "same place"),
        (_paging(kind="page", size=1, most_pages=2), [([1], {}, {}), ([2], {}, {})], "more than 2 pages"),
        (_paging(kind="page", size=1, total="body.total"), [([1], {"total": 3}, {}), ([], {}, {})], "told of 3 rows"),
        (_paging(kind="page", size=1, total="body.total"), [([1], {"total": "x"}, {})], "'x' is not a number"),
        (_paging(kind="header_json", header="x-p", more="paging.m"), [([1], {}, {"x-p": "{"})], "not JSON"),
    ],
    ids=["repeats", "cursor repeats", "endless", "too few", "bad total", "bad header"],
)  # fmt: skip
def test_a_list_that_misbehaves_stops_the_reading(profile: Profile, paging: Paging, answers: Any, message: str) -> None:
    """Nothing runs away, and a list that ends before its total is not taken for all there is."""
    with pytest.raises(UnavailableError, match=message):
        _walk(profile, paging, answers)


def test_pages_may_be_asked_for_in_the_body(profile: Profile) -> None:
    """A POST carries its page in its JSON."""
    paging = _paging(kind="offset", param="skip", size_param="take", size=2, place="json")
    call = first_page(paging, RenderedCall("POST", "/q", {}, {}, {"a": 1}))
    after, _ = page_plan(profile, paging, call, Progress(), body={}, headers={}, rows=[1, 2])
    assert call.json == {"a": 1, "skip": 0, "take": 2}
    assert after is not None
    assert after.json == {"a": 1, "skip": 2, "take": 2}


def test_a_list_without_pages_is_one_answer(profile: Profile) -> None:
    """Nothing more is asked for."""
    assert page_plan(profile, None, CALL, Progress(), body={}, headers={}, rows=[1])[0] is None
