r"""The invented world: tables of drugs, patients, studies, questions, made from a seed; twins are SELECTs over it.

    World(0, "pubmedqa", records=600).rows("SELECT question FROM studies WHERE finding = 'yes'")

`world/*.yaml` declares the tables. A column is drawn, or made from the columns before it:
- `$drug`: an item of the list `drug` that no column before has (`$kind.drugs`: of a list inside a column)
- `2..30`: a whole number
- text: a template (see `passages`)
- a list: one of these; a mapping is an item with fields
- `{evenly: {yes: 5, no: 3}}`: one of these, in exact shares
- `{by: column, yes: ..., no: ...}`: what belongs to the value of a column
- `{the: "k{number}"}`: the value of the column of this name
- `{passage: [[one of these], {take: 4, of: [...]}]}`: sentences as text with `entities`, `relations` and `sentences`

Every table has `n`, from 0, and `part`: train, validation or test. `views:` are SELECTs over tables, and `macros.sql`
holds what twins share.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import Any

import duckdb
import pyarrow as pa
import yaml

from meds_pipeline.twins.draw import Draw, spread
from meds_pipeline.twins.passages import PASSAGE, Names, Row, filled, joined, sentence, value_of

PARTS = ("train", "train", "test", "train", "validation", "train", "test", "train", "validation", "train")
"""Parts of the rows of a table; the pattern repeats."""
_RANGE = re.compile(r"(\d+)\.\.(\d+)")
_ATTEMPTS = 50


@cache
def _declared() -> dict[str, dict[str, Any]]:
    """Lists, tables and views of all files."""
    found: dict[str, dict[str, Any]] = {"lists": {}, "tables": {}, "views": {}}
    for file in sorted(resources.files("meds_pipeline.twins").joinpath("world").iterdir(), key=lambda file: file.name):
        if file.name.endswith(".yaml"):
            for kind, named in yaml.safe_load(file.read_text(encoding="utf-8")).items():
                found[kind] |= named
    return found


class World:
    """A world of one key, in which each table is made when it is first asked for."""

    def __init__(self, seed: int, key: str, records: int) -> None:
        """Open a world.

        Args:
            seed: Same seed, key and records: same rows, on any machine.
            key: What the world is for; worlds of different keys share no text.
            records: Size of the largest tables; others are a fixed share of it, ten rows at least.
        """
        self._key, self._records = (seed, key), records
        # The SELECTs may come from a foreign catalog, so they can read nothing but the tables.
        limits: dict[str, Any] = {"threads": 1, "memory_limit": "1GB"}
        closed: dict[str, Any] = {"enable_external_access": False, "python_enable_replacements": False}
        self._con = duckdb.connect(config=limits | closed)
        macros = resources.files("meds_pipeline.twins").joinpath("world/macros.sql").read_text(encoding="utf-8")
        self._con.execute(f"{macros}; SET lock_configuration = true")
        self._made: set[str] = set()

    def rows(self, select: str) -> list[Row]:
        """Rows of a SELECT over tables and views of the world; raises duckdb.Error where it cannot be run."""
        self._make_named(select)
        answer = self._con.execute(select)
        names = [column[0] for column in answer.description]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    def _make_named(self, select: str) -> None:
        """Make the tables and views that a SELECT names."""
        declared = _declared()
        for name in sorted(set(re.findall(r"\w+", select)) - self._made):
            if name in declared["tables"]:
                self._made.add(name)
                self._con.register(name, self._table(name, declared["tables"][name]))
            elif name in declared["views"]:
                self._made.add(name)
                self._make_named(declared["views"][name])
                self._con.execute(f"CREATE VIEW {name} AS {declared['views'][name]}")

    def _table(self, name: str, table: dict[str, Any]) -> pa.Table:
        size = max(len(PARTS), round(self._records * table["size"]))
        templates = {column: text for column, text in table["columns"].items() if isinstance(text, str)}
        names = Names(table.get("mentions", {}), templates)
        rows: list[Row] = []
        seen: set[str] = set()
        for n in range(size):
            for attempt in range(_ATTEMPTS):
                row = self._row(name, n, attempt, table["columns"], names)
                content = repr([row[column] for column in table.get("distinct", row)])
                if content not in seen:
                    break
            seen.add(content)
            rows.append(row)
        passages = {column for column, spec in table["columns"].items() if isinstance(spec, dict) and "passage" in spec}
        return pa.table(
            {
                column: pa.array([row[column] for row in rows], type=PASSAGE if column in passages else None)
                for column in rows[0]
            }
        )

    def _row(self, name: str, n: int, attempt: int, columns: dict[str, Any], names: Names) -> Row:
        draw = Draw(*self._key, name, n, attempt)
        row: Row = {"n": n, "part": PARTS[n % len(PARTS)]}
        for column, spec in columns.items():
            if isinstance(spec, dict) and "evenly" in spec:
                pattern = [value for value, share in spec["evenly"].items() for _ in range(share)]
                row[column] = spread(pattern, n, *self._key, name, column)
            elif isinstance(spec, dict) and "passage" in spec:
                chosen = [one for part in spec["passage"] for one in _drawn(part, draw)]
                row[column] = joined([sentence(one, row, names) for one in chosen], spec.get("mark", " "))
            else:
                row[column] = _value(spec, row, draw)
        return row


def _drawn(part: Any, draw: Draw) -> list[Any]:
    """The templates of one part of a passage: one, or several in a drawn order."""
    return draw.order(part["of"])[: part["take"]] if isinstance(part, dict) else [draw.pick(part)]


def _value(spec: Any, row: Row, draw: Draw) -> Any:
    """The value of one column, from the columns before it."""
    if isinstance(spec, list):
        return _value(draw.pick(spec), row, draw)
    if isinstance(spec, dict):
        if "by" in spec:
            return _value(spec[row[spec["by"]]], row, draw)
        return row[filled(spec["the"], row)] if "the" in spec else spec
    if found := _RANGE.fullmatch(spec):
        return draw.between(int(found[1]), int(found[2]))
    if spec.startswith("$"):
        options = _declared()["lists"].get(spec[1:]) or value_of(spec[1:], row)
        return draw.pick([option for option in options if option not in row.values()] or options)
    return filled(spec, row)
