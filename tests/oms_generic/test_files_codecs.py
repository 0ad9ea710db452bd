"""Files to data and orders to files, in every format."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from orderweft import SettingsError, TemplateError
from orderweft_oms_generic.client.codecs import DEEPEST, BadFileError, check_format, decode, encode
from orderweft_oms_generic.profiles.model import Format

from .files_text import order

COLUMNS = [
    {"name": "key", "value": "=key", "needed": True},
    {"name": "po", "value": "=order.purchase_order"},
    {"name": "sku", "value": "=line.sku", "needed": True},
    {"name": "qty", "value": "=line.quantity"},
]


def form(kind: str = "csv", **more: Any) -> Format:
    return Format.model_validate({"kind": kind, **more})


def written(form: Format, **more: Any) -> str:
    names = {"key": "k1", "order": order(**more).to_data(), "maps": {}, "settings": {}}
    return encode(form, names, "small orders").decode(form.encoding)


@pytest.mark.parametrize(
    ("lines", "second"),
    [("row_per_line_repeat", "k1,PO,TEE-M,3"), ("row_per_line_sparse", "k1,,TEE-M,3")],
)
def test_a_line_of_the_order_is_a_row(lines: str, second: str) -> None:
    """What belongs to the whole order stands on every row, or on the first one only; the key on each."""
    text = written(form(columns=COLUMNS, lines=lines), purchase_order="PO")
    assert text == f"key,po,sku,qty\r\nk1,PO,TEE-S,12\r\n{second}\r\n"


def test_an_order_is_one_row() -> None:
    """Items are put into one cell, or into numbered columns, which must be enough for them."""
    columns = [{"name": "key", "value": "=key"}, {"name": "items", "value": "=join(' ', order.lines[*].sku)"}]
    assert written(form(columns=columns, lines="row_per_order", header=False)) == "k1,TEE-S TEE-M\r\n"
    columns = [{"name": "first", "value": "=order.lines[0].sku"}]
    with pytest.raises(TemplateError, match="the order has 2 lines, and there are columns for 1"):
        written(form(columns=columns, lines="row_per_order"))


@pytest.mark.parametrize("header", [True, False], ids=["headings", "no headings"])
def test_header_and_detail_rows_go_both_ways(header: bool) -> None:
    """A first column tells the order's row from those of its lines, in what is written and in what is read."""
    nested = form(
        lines="header_detail",
        header=header,
        line_end="\n",
        columns=[{"name": "type", "value": "H"}, {"name": "key", "value": "=key"}],
        detail_columns=[{"name": "type", "value": "D"}, {"name": "sku", "value": "=line.sku"}],
    )
    text = written(nested)
    assert text == ("type,key\ntype,sku\n" if header else "") + "H,k1\nD,TEE-S\nD,TEE-M\n"
    details = [{"type": "D", "sku": "TEE-S"}, {"type": "D", "sku": "TEE-M"}]
    assert decode(nested, text.encode(), "f") == [{"type": "H", "key": "k1", "lines": details}]
    with pytest.raises(BadFileError, match="line 1, column 'type': 'D' comes before any header row"):
        decode(nested, b"D,TEE-S\n", "f.csv")
    with pytest.raises(BadFileError, match="line 2, column 'type': 'X' is neither 'H' nor 'D'"):
        decode(nested, b"H,k\nX,TEE-S\n", "f.csv")


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+2", "'=1+2"), ("+cmd", "'+cmd"), ("@x", "'@x"), ("-5", "-5"), ("+4930", "+4930"), ("-5-1", "'-5-1"),
        ('a "b"', '"a ""b"""'), ("a,b", '"a,b"'), ("a\rb", '"a\nb"'), ("a\r\nb", '"a\nb"'),
    ],
)  # fmt: skip
def test_cells_do_no_harm(text: str, cell: str) -> None:
    """A spreadsheet computes nothing, numbers stay numbers, and no cell breaks the row."""
    columns = [{"name": "note", "value": "=order.note"}]
    assert written(form(columns=columns, lines="row_per_order", header=False, line_end="\n"), note=text) == f"{cell}\n"


def test_other_dialects() -> None:
    """Separators, quotes, line ends and encodings are as the system wants them, or the order is refused."""
    columns = [{"name": "note", "value": "=order.note"}, {"name": "n", "value": "=order.number"}]
    odd = form(columns=columns, lines="row_per_order", delimiter=";", quote="", line_end="\n", encoding="cp1252")
    assert encode(odd, {"order": order(note="Käse").to_data()}, "w") == b"note;n\nK\xe4se;1\n"
    assert decode(odd, b"note;n\nK\xe4se;1\n", "f") == [{"note": "Käse", "n": "1"}]
    with pytest.raises(TemplateError, match="a cell holds ';' or a line break, and nothing quotes it"):
        written(odd, note="a;b")
    with pytest.raises(TemplateError, match="cp1252 has no '店', which is in"):
        written(odd, note="店")


def test_a_needed_cell_names_line_and_column() -> None:
    """Who holds the order learns where it lacks something."""
    with pytest.raises(
        TemplateError, match=r"small orders, line 2 of the order, column sku: `=line\.sku` gives nothing"
    ):
        written(form(columns=COLUMNS), lines=[{"key": "a", "sku": "A", "quantity": 1}, {"key": "b", "quantity": 1}])
    with pytest.raises(TemplateError, match="the order has no lines"):
        written(form(columns=COLUMNS), lines=[])


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "f.csv: is empty; it has not even headings"),
        (b"sku\nA\n", "f.csv, line 1: there is no column 'qty'"),
        (b"sku,qty,sku\n", "f.csv, line 1: the column 'sku' comes twice"),
        (b"sku,qty\nA,1\nB\n", "f.csv, line 3, column 'qty': the line breaks off before it"),
        (b"sku,qty\nA,1,2\n", "f.csv, line 2, column 3: there is more than the 2 columns"),
        (b'sku,qty\nA,"1\n', "f.csv, line 2: it breaks off or is damaged"),
        (b"sku,qty\nA,\xff\n", "f.csv, line 2: a byte there is no utf-8"),
        (b"sku,qty\nA,\0\n", "f.csv, line 2: there is a NUL"),
    ],
    ids=["empty", "no column", "twice", "short", "long", "quote", "encoding", "nul"],
)
def test_a_damaged_table_gives_nothing(data: bytes, problem: str) -> None:
    """A file that breaks off must not look like less stock; the place is named."""
    stock = form(columns=[{"name": "SKU", "needed": True}, {"name": "qty", "needed": True}])
    with pytest.raises(BadFileError) as caught:
        decode(stock, data, "f.csv")
    assert str(caught.value).lower().startswith(problem.lower())


def test_tables_are_read_as_they_come() -> None:
    """Headings in any case and order, a byte-order mark, blank lines, further columns and padded ids are all fine."""
    stock = form(columns=[{"name": "sku", "needed": True}])
    text = "\ufeffQty, SKU ,\r\n\r\n007,A,\r\n\r\n"
    assert decode(stock, text.encode(), "f") == [{"Qty": "007", "sku": "A"}]
    assert decode(stock, b"sku\r\n", "f") == []
    bare = form(header=False, columns=[{"name": "sku"}, {"name": "qty"}])
    assert decode(bare, b"A,1\nB,2", "f") == [{"sku": "A", "qty": "1"}, {"sku": "B", "qty": "2"}]
    sparse = form(lines="row_per_line_sparse")
    assert decode(sparse, b"key,sku\n1,A\n,B\n2,C\n", "f")[1:] == [{"key": "1", "sku": "B"}, {"key": "2", "sku": "C"}]


def test_json_is_read_exactly() -> None:
    """Decimals keep their digits."""
    assert decode(form("json"), b'{"a": [1.10, "007"]}', "f") == {"a": [Decimal("1.10"), "007"]}


@pytest.mark.parametrize(
    ("kind", "data", "problem"),
    [
        ("json", b'{\n "a": }', "f, line 2, character 7: Expecting value"),
        ("json", b"[" * 100_000, "f: is nested more than"),
        ("json", b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1), "f: is nested more than"),
        ("json", b'{"a": NaN}', "f: a number in it: NaN is no number"),
    ],
    ids=["syntax", "very deep", "too deep", "nan"],
)
def test_damaged_json_gives_nothing(kind: str, data: bytes, problem: str) -> None:
    """A file that breaks off names line and character."""
    with pytest.raises(BadFileError) as caught:
        decode(form(kind), data, "f")
    assert str(caught.value).startswith(problem)


def test_json_is_written() -> None:
    """Numbers are numbers, text is as it was, and each order ends with a line."""
    tree = {"key!": "=key", "n": "=order.lines[0].quantity", "note": "=order.note"}
    assert written(form("json", tree=tree, line_end="\n"), note="店") == '{"key": "k1", "n": 12, "note": "店"}\n'


def test_xml_goes_both_ways() -> None:
    """Lists with a name of their own, lists of items, attributes and text come back as they went."""
    tree = {
        "@key!": "=key",
        "note": "=order.note",
        "lines": {"line": {"$each": "order.lines", "$as": "l", "$do": {"sku": "=l.sku"}}},
        "codes": {"$each": "order.lines", "$as": "l", "$do": "=l.key"},
    }
    xml = form("xml", tree=tree, root="orders", row="orders/order", lists=["line"], encoding="latin-1", line_end="\n")
    data = encode(xml, {"key": "k1", "order": order(note="<Käse & Wurst> 店").to_data()}, "w")
    assert b"<note>&lt;K\xe4se &amp; Wurst&gt; &#24215;</note>" in data
    assert decode(xml, data, "f") == [
        {
            "@key": "k1",
            "note": "<Käse & Wurst> 店",
            "lines": {"line": [{"sku": "TEE-S"}, {"sku": "TEE-M"}]},
            "codes": ["a", "b"],
        }
    ]
    one = b"<n:orders xmlns:n='u'><n:order><lines><line><sku unit='p'>A</sku></line></lines></n:order></n:orders>"
    assert decode(xml, one, "f") == [{"lines": {"line": [{"sku": {"@unit": "p", "#text": "A"}}]}}]
    assert decode(xml, b"<orders/>", "f") == []
    with pytest.raises(TemplateError, match=r"w\.note: XML cannot hold the character '\\x0b'"):
        encode(xml, {"key": "k", "order": order(note="a\x0bb").to_data()}, "w")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"<stock><level/>", "f, line 1, character 16: this is no whole XML"),
        (b"<other/>", "f: begins with <other>, expected <stock>"),
        (b"<stock><level><a>1</a><a>2</a></level></stock>", "f, element stock/level/a comes more than once"),
        (b"<!DOCTYPE stock><stock/>", "f: has a document type"),
        (b'<!DOCTYPE s [<!ENTITY a "b">]><stock>&a;</stock>', "f: has a document type or entities"),
        (b"<stock>" + b"<a>" * 100_000, "f: is nested more than"),
        (b"<stock>\xff</stock>", "f: is no utf-8"),
        (b"<?xml version='1.0' encoding='klingon'?><stock/>", "f: is in an encoding that nobody knows"),
    ],
    ids=["broken off", "other", "list", "doctype", "entity", "deep", "bytes", "unknown encoding"],
)
def test_bad_xml_gives_nothing(data: bytes, problem: str) -> None:
    """What breaks off, is another file, hides a list or fetches things is refused."""
    with pytest.raises(BadFileError) as caught:
        decode(form("xml", root="stock", row="stock/level"), data, "f")
    assert str(caught.value).startswith(problem)


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (form(delimiter="||", columns=COLUMNS), "`delimiter` must be one character"),
        (form(), "csv needs `columns`"),
        (form(columns=COLUMNS, lines="row_per_order"), "columns.sku names the line"),
        (form(columns=COLUMNS, lines="header_detail"), "header_detail needs a first column"),
        (form(columns=[*COLUMNS, COLUMNS[0]]), "columns.key comes twice"),
        (form("json"), "json is written from `tree`"),
        (form("xml", tree={"a": "b"}, lists=["a b"]), "'a b' is no name of an XML element"),
    ],
)
def test_a_format_that_cannot_be_is_told_at_once(bad: Format, problem: str) -> None:
    """Nobody finds out at the first order."""
    with pytest.raises(SettingsError, match=r"^here: ") as caught:
        check_format(bad, "here", written=True)
    assert problem in str(caught.value)
