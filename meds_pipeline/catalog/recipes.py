"""Recipes as a corpus YAML says them, and the one SELECT that each of them runs as.

The short form names what differs from recipe to recipe:

    x_note: {from: visits, where: note <> '', input: dialogue, outputs: note}

Its values are SQL expressions over the rows of one file entry or view. Their columns source, subject, record_key and
split pass through; a key of that name gives an expression instead. What the short form cannot say is a whole SELECT, as
a text or `{select: ...}`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from meds_pipeline.catalog.strict import Identifier, Strict

PASSED = ("source", "subject", "record_key", "split")
"""Columns that pass through where the rows have them."""


def _expression(sql: str) -> str:
    if not sql.strip():
        raise ValueError("an expression of SQL is needed here, and nothing stands there")
    return sql.strip()


Expression = Annotated[str, AfterValidator(_expression)]


class ShortRecipe(Strict):
    """A recipe over the rows of one file entry or view, in parts."""

    view: Identifier = Field(alias="from")
    where: Expression | None = None
    input: Expression
    outputs: Expression
    source: Expression | None = None
    subject: Expression | None = None
    record_key: Expression | None = None
    split: Expression | None = None
    explanation: Expression | None = None

    def sql(self) -> str:
        """Return the SELECT; each expression stands in brackets of its own, so that none runs into the next."""
        said = {name: getattr(self, name) for name in (*PASSED, "input", "outputs", "explanation")}
        passed = "|".join(name for name in PASSED if said[name] is None)
        columns = [f"COLUMNS('^({passed})$')"] if passed else []
        columns += [f"({sql}) AS {name}" for name, sql in said.items() if sql is not None]
        where = f"\nWHERE ({self.where})" if self.where else ""
        return f'SELECT {", ".join(columns)}\nFROM "{self.view}"{where}'


def recipe_sql(recipe: object) -> object:
    """Return the SELECT of a recipe.

    Raises:
        ValueError: The value is not a recipe. For a mapping with wrong keys it is a ValidationError, which names them.
    """
    if isinstance(recipe, str):
        return recipe
    if not isinstance(recipe, dict):
        raise ValueError("a recipe is a SELECT, or a mapping with from, input and outputs")
    if "select" not in recipe:
        return ShortRecipe.model_validate(recipe).sql()
    if beside := [str(key) for key in recipe if key != "select"]:
        raise ValueError(f"`select` is the whole recipe: no {beside[0]} may stand beside it")
    return recipe["select"]


RecipeSql = Annotated[str, BeforeValidator(recipe_sql)]
"""Type of a model's field that takes a recipe in any form and holds its SELECT."""
