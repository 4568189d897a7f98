"""CSV files from spreadsheets and instruments of several countries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from litestate import Report, import_table
from litestate.errors import ImportTableError
from table_files import needs_openpyxl, query


def imported(
    folder: Path, text: str | bytes, **options: Any
) -> tuple[list[Any], list[Any], Report]:
    """Return the names of the columns, the rows, and the report."""
    content = text if isinstance(text, bytes) else text.encode()
    (folder / "in.csv").write_bytes(content)
    report = import_table(folder / "in.csv", folder / "new.db", "t", **options)
    names = [
        name for (name,) in query(folder / "new.db", "SELECT name FROM pragma_table_info('t')")
    ]
    return names, query(folder / "new.db", "SELECT * FROM t"), report


ALL_FIT = {
    "a name with a comma in the header": (
        "Name, Vorname;Alter\nLovelace, Ada;36\nPlato;80\n",
        ["Name, Vorname", "Alter"],
        [("Lovelace, Ada", 36), ("Plato", 80)],
    ),
    "it shows in the last row only": (
        "Name, Vorname;Ort\n" + "Lovelace, Ada;London\n" * 2000 + "Plato;Athen\n",
        ["Name, Vorname", "Ort"],
        [("Lovelace, Ada", "London")] * 2000 + [("Plato", "Athen")],
    ),
    "commas need not be equally many": (
        "a, b;c\n1;x\n1,5;y, z, w\n",
        ["a, b", "c"],
        [("1", "x"), ("1,5", "y, z, w")],
    ),
    "semicolons in text": (
        "id,text;more\n1,a;b\n2,c\n3,d;e;f\n",
        ["id", "text;more"],
        [(1, "a;b"), (2, "c"), (3, "d;e;f")],
    ),
    "German Excel": (
        "\ufeffArtikel;Preis\r\nTee;1,50\r\nKaffee, gemahlen;12,00\r\n",
        ["Artikel", "Preis"],
        [("Tee", "1,50"), ("Kaffee, gemahlen", "12,00")],
    ),
    "French, all in quotes": (
        '"Prénom";"Poids (kg)"\n"Zoé";"52,5"\n',
        ["Prénom", "Poids (kg)"],
        [("Zoé", "52,5")],
    ),
    "tabs, and a comma in each row": (
        "Name\tPreis, EUR\nx\t1,50\ny, z\t2,5\n",
        ["Name", "Preis, EUR"],
        [("x", "1,50"), ("y, z", "2,5")],
    ),
    "bars": ("a|b\n1|x,y\n2|z;w\n", ["a", "b"], [(1, "x,y"), (2, "z;w")]),
    "decimal commas in quotes": (
        'name,price\nAda,"1,50"\nBob,"2,25"\n',
        ["name", "price"],
        [("Ada", "1,50"), ("Bob", "2,25")],
    ),
    "delimiters in quotes in the header": (
        '"Name; first; last",age\n"Ada; x",3\n',
        ["Name; first; last", "age"],
        [("Ada; x", 3)],
    ),
    "quotes around one value only": ('"a, b";c\n"x, y";2\n', ["a, b", "c"], [("x, y", 2)]),
    "a line break in quotes": ('a;b\n"x\ny, z;w";2\n', ["a", "b"], [("x\ny, z;w", 2)]),
    "carriage returns alone": ("a, b;c\r1;2\r3;4\r", ["a, b", "c"], [(1, 2), (3, 4)]),
    "blank lines, and one of spaces": (
        "\na;b\n\n1;2\n   \n3;4\n\n\n",
        ["a", "b"],
        [(1, 2), (3, 4)],
    ),
    "UTF-16": ("a\tb, c\n1\tü, x\n2\ty\n".encode("utf-16"), ["a", "b, c"], [(1, "ü, x"), (2, "y")]),
    "rows that end with a delimiter": ("a;b\n1;2;\n3;;\n", ["a", "b"], [(1, 2), (3, None)]),
    "all end with a delimiter": ("a;b;\n1;2;\n", ["a", "b", "column_3"], [(1, 2, None)]),
    "thousands": (
        'a;b\n1.234,56;x\n2.000,00;"1,000,000"\n',
        ["a", "b"],
        [("1.234,56", "x"), ("2.000,00", "1,000,000")],
    ),
    "sep=": ("sep=;\r\na,b;c\r\n1,2;x\r\n", ["a,b", "c"], [("1,2", "x")]),
    "sep= in quotes": ('"sep=\t"\r\na,b\tc\r\n1,2\tx\r\n', ["a,b", "c"], [("1,2", "x")]),
    "sep= of another kind": ("SEP=^\na^b\n1^x,y\n", ["a", "b"], [(1, "x,y")]),
    "one column": ("v\n1\n\n2\n", ["v"], [(1,), (None,), (2,)]),
    "sentences": ("x\nHallo, Welt\nBrot; Butter\n", ["x"], [("Hallo, Welt",), ("Brot; Butter",)]),
    "the same number of commas in each": (
        "Notiz\nHallo, Welt\nAdieu, Welt\n",
        ["Notiz"],
        [("Hallo, Welt",), ("Adieu, Welt",)],
    ),
    "one column with decimal commas": ("Wert\n1,5\n2,25\n", ["Wert"], [("1,5",), ("2,25",)]),
    "names of two words": ("Full name\nAda Lovelace\n", ["Full name"], [("Ada Lovelace",)]),
}  # fmt: skip


@pytest.mark.parametrize(("text", "names", "rows"), ALL_FIT.values(), ids=ALL_FIT.keys())
def test_the_delimiter_that_fits_all_rows(
    tmp_path: Path, text: str | bytes, names: list[str], rows: list[Any]
) -> None:
    found_names, found_rows, report = imported(tmp_path, text)
    assert found_names == names
    assert found_rows == rows
    assert not any("fits as well" in warning for warning in report.warnings)


TWO_FIT = {
    "numbers show it": ("Name, Vorname;Alter\nLovelace, Ada;36\n", ["Name, Vorname", "Alter"], ","),
    "spaces after commas": (
        "Name, Vorname;Ort\nLovelace, Ada;London\n",
        ["Name, Vorname", "Ort"],
        ",",
    ),
    "only a header": ("Name, Vorname;Alter\n", ["Name, Vorname", "Alter"], ","),
    "decimal commas": ("x, mm;y, mm\n1,5;2,5\n2,5;3,5\n", ["x, mm", "y, mm"], ","),
    "a comma is the delimiter": (
        "id,name;alias,note\n1,Ada;A,x\n2,Bob;B,y\n",
        ["id", "name;alias", "note"],
        ";",
    ),
    "dates": ("Datum,Ort;Land\n2026-01-02,Bern;CH\n", ["Datum", "Ort;Land"], ";"),
    "nothing shows it": ("a,b;c\nx,y;z\n", ["a,b", "c"], ","),
    "tabs": ("a\tb, c\n1\tx, y\n", ["a", "b, c"], ","),
}


@pytest.mark.parametrize(("text", "names", "other"), TWO_FIT.values(), ids=TWO_FIT.keys())
def test_a_second_reading_is_reported(
    tmp_path: Path, text: str, names: list[str], other: str
) -> None:
    found, _, report = imported(tmp_path, text)
    assert found == names
    (warning,) = [each for each in report.warnings if "fits as well" in each]
    assert f"delimiter={other!r}" in warning
    again, _, report = imported(tmp_path, text, delimiter=other, if_exists="replace")
    assert again != names
    assert all(repr(name) in warning for name in again)
    assert not any("fits as well" in warning for warning in report.warnings)


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("Preis; netto\n17,91\n2,50\n", "Preis; netto", "17,91"),
        ("Name, Vorname\nAda\nBob; Carl\n", "Name, Vorname", "Ada"),
        ("a, b; c\nx\n", "a, b; c", "x"),
    ],
)
def test_a_delimiter_in_the_header_alone_is_text(
    tmp_path: Path, text: str, name: str, value: str
) -> None:
    names, rows, report = imported(tmp_path, text)
    assert names == [name]
    assert rows[0] == (value,)
    assert "Each line is one value" in report.warnings[0]


def test_a_row_that_may_be_wrong_is_reported(tmp_path: Path) -> None:
    text = "Name, Vorname;Alter\nLovelace, Ada;36\nTuring, Alan;41\nCurie, Marie\n"
    names, _, report = imported(tmp_path, text)
    assert names == ["Name", "Vorname;Alter"]
    (warning,) = report.warnings
    assert 'separated by ",". With ";" all rows but 1 fit' in warning
    with pytest.raises(ImportTableError, match="row 4: it has 1 values"):
        imported(tmp_path, text, delimiter=";", if_exists="replace")


def test_spaces_are_never_chosen_but_reported(tmp_path: Path) -> None:
    text = "Time Value\n0.0 1.2\n0.1 1.3\n"
    names, rows, report = imported(tmp_path, text)
    assert names == ["Time Value"]
    assert rows == [("0.0 1.2",), ("0.1 1.3",)]
    assert "Each line is one value. With spaces every row fits as well" in report.warnings[0]
    names, rows, report = imported(tmp_path, text, delimiter=" ", if_exists="replace")
    assert names == ["Time", "Value"]
    assert rows == [(0.0, 1.2), (0.1, 1.3)]
    assert not report.warnings


def test_decimal_commas_below_a_name_with_a_comma_are_reported(tmp_path: Path) -> None:
    text = "Spannung, V\n1,5\n2,25\n"
    names, rows, report = imported(tmp_path, text)
    assert names == ["Spannung", "V"]
    assert rows == [(1, 5), (2, 25)]
    assert "may also be one number with a decimal comma" in report.warnings[0]
    names, rows, report = imported(tmp_path, text, delimiter=";", decimal=",", if_exists="replace")
    assert names == ["Spannung, V"]
    assert rows == [(1.5,), (2.25,)]
    for other in ("x,y\n1,5\n", "x, y\n1, 5\n", "x, y\n1,a\n", "x, y\n"):
        assert not imported(tmp_path, other, if_exists="replace")[2].warnings


REFUSED = {
    "a row too short": (
        "a;b\n1;2\n3\n",
        r'row 3: it has 1 values and the header has 2\. The columns are separated by ";"',
    ),
    "all rows too short": ("a,b\n1\n2\n", "row 2: it has 1 values and the header has 2"),
    "rows too short, with spaces": ("a, b\n1, 2\n3\n", "row 3: it has 1 values"),
    "lines above the header": (
        "Device: ABC\nSerial: 123\n\nTime;Value\n0;1,5\n1;2,5\n",
        r'row 4: it has 2 values, separated by ";", and the header has 1\. .* skip=3 ',
    ),
    "with English commas": (
        "Logger\nTime,T1,T2\n0,1.5,2.5\n1,1.6,2.6\n",
        r"row 2: it has 3 values.* skip=1 ",
    ),
    "with delimiters in them": (
        "# Device: X, Serial: Y\nTime;Value\n1;2\n",
        r'row 2: it has 2 values, separated by ";".* skip=1 ',
    ),
    "names of one column, rows of two": ("Name\nMüller,Anna\nMeier,Jens\n", "row 2: it has 2"),
    "a footer": ("a;b\n1;2\n3;4\nTotal: 4\n", r"row 4: it has 1 values and the header has 2"),
    "a quote in the middle": ('a;b\n1;5" x\n2;6" y\n', "Row 2: a quote"),
    "nothing": ("\n\n", "is empty"),
    "another encoding": ("a;b\n1;ü\n".encode("cp1252"), 'not UTF-8 text.*encoding="cp1252"'),
}


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_no_fitting_delimiter(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(ImportTableError, match=message) as caught:
        imported(tmp_path, text)
    assert "is empty" in message or "Nothing was imported." in str(caught.value)
    assert not (tmp_path / "new.db").exists()


@pytest.mark.parametrize(
    ("text", "options", "rows"),
    [
        ("a,b;c\n1,2;3\n", {"delimiter": ";"}, [("1,2", 3)]),
        ("a:b\n1:2\n", {"delimiter": ":"}, [(1, 2)]),
        ("sep=;\na,b\n1,2\n", {"delimiter": ","}, [(1, 2)]),
        ("Name\nMüller,Anna\n", {"delimiter": "|"}, [("Müller,Anna",)]),
        ("X: 5\"\n\nt;v\n0;1,50\n1;-2\n", {"skip": 2, "decimal": ","}, [(0, 1.5), (1, -2.0)]),
        ("about\nsep=;\na,b;c\n1,2;3\n", {"skip": 1}, [("1,2", 3)]),
        ("p\n1,5\n0,25\n1e-05\n", {"decimal": ","}, [(1.5,), (0.25,), (1e-05,)]),
        ("p;q\n1.5;1.234,5\n", {"decimal": ","}, [("1.5", "1.234,5")]),
        ("v\n1,9\n1,10\n1,1\n", {"decimal": ","}, [("1,9",), ("1,10",), ("1,1",)]),
        ("a;b\n1;ü€\n".encode("cp1252"), {"encoding": "cp1252"}, [(1, "ü€")]),
        ("a;b\n1;ž\n".encode("cp1250"), {"encoding": "windows-1250"}, [(1, "ž")]),
        ("a,b\n1,日本\n".encode("shift_jis"), {"encoding": "shift_jis"}, [(1, "日本")]),
        ("a\tb\n1\tü\n".encode("utf-16-le"), {"encoding": "utf-16-le"}, [(1, "ü")]),
    ],
)  # fmt: skip
def test_options_describe_the_file(
    tmp_path: Path, text: str | bytes, options: dict[str, Any], rows: list[Any]
) -> None:
    assert imported(tmp_path, text, **options)[1] == rows


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"delimiter": ",,"}, "delimiter=',,' cannot separate columns"),
        ({"delimiter": ""}, "delimiter='' cannot"),
        ({"delimiter": '"'}, "cannot separate"),
        ({"delimiter": "x"}, "cannot separate"),
        ({"decimal": ";"}, "decimal=';' is not possible"),
        ({"encoding": "klingon"}, "no encoding 'klingon'"),
        ({"encoding": "ascii"}, "not ascii text"),
        ({"skip": -1}, "skip=-1 is not a number of lines"),
        ({"skip": 9}, "is empty"),
    ],
)
def test_impossible_options(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ImportTableError, match=message):
        imported(tmp_path, "a,b\n1,ü\n", **options)
    assert not (tmp_path / "new.db").exists()


@pytest.mark.parametrize(
    ("text", "is_reported"),
    [
        ("p;q\n1,50;x\n2;y\n", True),
        ("p;q\n1,50;x\n1.50;y\n", False),
        ("p;q\n1,50;x\n007;y\n", False),
        ("p;q\n1,50;x\nnone;y\n", False),
        ('p;q\n"1,234,567";x\n', False),
    ],
)
def test_decimal_commas_are_reported(tmp_path: Path, text: str, is_reported: bool) -> None:
    _, rows, report = imported(tmp_path, text)
    assert isinstance(rows[0][0], str)
    assert any("p: numbers with a decimal comma" in each for each in report.warnings) == is_reported


@needs_openpyxl
def test_rows_above_the_header_of_a_sheet(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    for row in (["Report 2026"], [], ["a", "b"], [1, "x"]):
        book.active.append(row)
    book.save(tmp_path / "in.xlsx")
    import_table(tmp_path / "in.xlsx", tmp_path / "new.db", "t", skip=2)
    assert query(tmp_path / "new.db", "SELECT a, b FROM t") == [(1, "x")]
    for options in ({"delimiter": ";"}, {"encoding": "utf-8"}):
        with pytest.raises(ImportTableError, match="are for CSV files"):
            import_table(tmp_path / "in.xlsx", tmp_path / "new.db", "u", **options)  # type: ignore[arg-type]
