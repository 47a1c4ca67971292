"""`each:` makes a family of tasks, and of their recipes, from one entry. Its key has parameters in braces.

    tasks:
      x_translation_en_{to}:
        each: [{to: es, language: Spanish}, {to: ru, language: Russian}]
        output_language: "{to}"
        definition: Translate this sentence from English into {language}.
    recipes:
      x_translation_en_{to}: {from: pairs, where: target = $to, input: english, outputs: other}

In names and texts a parameter is written in braces. In SQL, `$to` becomes a quoted text and `"$to"` a quoted name, with
the value escaped; nothing is replaced inside other quotes and comments. A recipe without its own `each:` uses the
`each:` of the task with the same key.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from meds_pipeline.catalog.strict import is_identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from meds_pipeline.catalog.located import Located, Place

EACH = "each"
_BRACED = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_SQL = re.compile(
    r"""(?<!\w)[eE]'(?:\\.|''|[^'\\])*' | '(?:''|[^'])*' | --[^\n]* | /\*.*?\*/
    | "\$(?P<name>[a-z][a-z0-9_]*)" | "(?:""|[^"])*" | (?<![\w$])\$(?P<text>[a-z][a-z0-9_]*)\b""",
    re.VERBOSE | re.DOTALL,
)
"""Texts, comments and names in quotes, and parameters outside them."""


def written_out(file: Located) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the content of a corpus file with its families written out, and the key in the file of each member.

    A part that does not have the shape of a corpus is returned unchanged.

    Raises:
        CatalogError: A family has no rows, rows of different parameters or one task twice, or names a parameter that
            its rows do not have.
    """
    data, families = dict(file.data), _Families(file)
    if tasks := _mapping(data.get("tasks")):
        data["tasks"] = families.of_tasks(tasks)
    if distributions := _mapping(data.get("distributions")):
        data["distributions"] = {
            name: {**said, "recipes": families.of_recipes(recipes, ("distributions", name, "recipes"))}
            if (recipes := _mapping(_mapping(said).get("recipes")))
            else said
            for name, said in distributions.items()
        }
    return data, families.keys


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


@dataclass(frozen=True)
class _Families:
    """The families of one file.

    Attributes:
        keys: For each member, the key in the file that it was made from.
        rows: Rows of each task's family by the task's key, for recipes with the same key.
    """

    file: Located
    keys: dict[str, str] = field(default_factory=dict)
    rows: dict[str, object] = field(default_factory=dict)

    def of_tasks(self, tasks: Mapping[str, Any]) -> dict[str, Any]:
        """Return tasks with all families written out."""
        self.rows.update({key: task[EACH] for key, task in tasks.items() if EACH in _mapping(task)})
        members: dict[str, Any] = {}
        for key, task in tasks.items():
            for member, row in self._members(members, ("tasks", key), task):
                members[member] = row.texts(task) if row else task
        return members

    def of_recipes(self, recipes: Mapping[str, Any], place: Place) -> dict[str, Any]:
        """Return the recipes of a distribution with all families written out."""
        members: dict[str, Any] = {}
        for key, recipe in recipes.items():
            for member, row in self._members(members, (*place, key), recipe):
                members[member] = row.recipe(recipe) if row else recipe
        return members

    def _members(self, taken: Mapping[str, Any], place: Place, entry: object) -> Iterator[tuple[str, _Row | None]]:
        """Yield the names that an entry makes: its own, or each member of its family with the member's row."""
        key = str(place[-1])
        if EACH not in _mapping(entry) and not _BRACED.search(key):
            yield key, None
            return
        for parameters in self._checked(place, _mapping(entry).get(EACH, self.rows.get(key))):
            row = _Row(self.file, place, parameters)
            member = row.text(key)
            if member in taken:
                mend = "Let the key have a parameter that differs from row to row."
                raise self.file.error(place, f"{member} is made twice.", mend)
            self.keys[member] = key
            yield member, row

    def _checked(self, place: Place, rows: object) -> list[dict[str, str]]:
        if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) and row for row in rows):
            problem = "`each` must be a list of rows, a mapping of parameters to texts each."
            raise self.file.error(place, problem, "Write `each: [{part: a}, {part: b}]`, or a key without braces.")
        for number, row in enumerate(rows):
            there = (*place, EACH, number)
            if row.keys() != rows[0].keys():
                mend = "Give every row the same parameters."
                raise self.file.error(there, f"a row of {', '.join(map(str, row))}; others differ.", mend)
            for name, value in row.items():
                if not isinstance(name, str) or not is_identifier(name) or not isinstance(value, str):
                    problem = f"the parameter {name!r} with the value {value!r} is no name with a text."
                    raise self.file.error(there, problem, "Put what YAML takes for no text (no, 1, null) in quotes.")
        return rows


@dataclass(frozen=True)
class _Row:
    """The parameters of one member, put where its entry names them."""

    file: Located
    place: Place
    parameters: Mapping[str, str]

    def texts(self, value: Any) -> Any:
        """Return an entry with every text filled in, without its `each`."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.texts(part) for part in value]
        return {key: self.texts(part) for key, part in value.items() if key != EACH} if _mapping(value) else value

    def recipe(self, recipe: Any) -> Any:
        """Return a recipe with its SQL filled in, without its `each`; `from` is a name, not SQL."""
        if isinstance(recipe, dict):
            return {
                key: part if not isinstance(part, str) else self.text(part) if key == "from" else self.sql(part)
                for key, part in recipe.items()
                if key != EACH
            }
        return self.sql(recipe) if isinstance(recipe, str) else recipe

    def text(self, text: str) -> str:
        """Return a text with its parameters in braces replaced."""
        return _BRACED.sub(lambda found: self._value(found[1]), text)

    def sql(self, sql: str) -> str:
        """Return SQL with its parameters replaced by texts and names in quotes."""

        def put(found: re.Match[str]) -> str:
            if found["name"]:
                return '"' + self._value(found["name"]).replace('"', '""') + '"'
            return "'" + self._value(found["text"]).replace("'", "''") + "'" if found["text"] else found[0]

        return _SQL.sub(put, sql)

    def _value(self, name: str) -> str:
        if name not in self.parameters:
            close = difflib.get_close_matches(name, self.parameters, n=1)
            mend = f"Did you mean {close[0]}?" if close else f"Its rows have {', '.join(self.parameters)}."
            raise self.file.error(self.place, f"`each` has no parameter {name}.", mend)
        return self.parameters[name]
