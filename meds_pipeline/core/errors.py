"""Errors that say where it happened and what to do next.

Every error a user can meet is a `MedsError`: its text names the corpus, file and record it is about (those that
apply) and ends with the next step. The command line prints that text and exits with 1; nothing else is caught.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Where:
    """What an error is about; empty parts are left out of the text."""

    corpus: str | None = None
    file: str | None = None
    record: int | str | None = None
    task: str | None = None

    def __str__(self) -> str:
        """Render as `corpus pubmedqa, file data/x.json, record 12`."""
        parts = (("corpus", self.corpus), ("task", self.task), ("file", self.file), ("record", self.record))
        return ", ".join(f"{name} {value}" for name, value in parts if value is not None)


@dataclass(slots=True)
class MedsError(Exception):
    """Base of all errors of this package.

    Attributes:
        problem: One sentence: what is wrong.
        where: What it is about.
        next_step: One sentence: what the reader can do now.
    """

    problem: str
    where: Where = field(default_factory=Where)
    next_step: str = ""

    def __str__(self) -> str:
        """Render place, problem and next step on one line."""
        place = str(self.where)
        text = f"{place}: {self.problem}" if place else self.problem
        return f"{text} Next: {self.next_step}" if self.next_step else text


class CatalogError(MedsError):
    """A catalog YAML or settings file is not valid."""


class RawFileError(MedsError):
    """A raw file is missing, unreadable as a whole, or over a safety limit."""


class RecipeError(MedsError):
    """A recipe is not an allowed SELECT, fails, or returns the wrong columns."""


class QualityError(MedsError):
    """A blocking quality rule failed: the corpus, set or result must not be used."""


class StoreError(MedsError):
    """An output in the store is missing, broken or locked by another run."""


class NotReadyError(StoreError):
    """An output that a step reads was never made: the step that makes it failed, or has not run yet."""


class ModelError(MedsError):
    """A model cannot be loaded, reached or trained."""


class ScoringError(MedsError):
    """Predictions cannot be read or scored."""


class UnknownNameError(MedsError):
    """A name (corpus, task, model, plan, release, id) is not known; close matches are in the text."""
