"""The tasks behind each average of a release, and which averages are too incomplete to rank models.

The scripts of MedS-Bench divide by the published number of tasks, even if a release lacks some of them. On such a
release the official average differs from the published one and says little about a model. The corrected average is the
mean of the tasks that the release has: no zeros, but no whole category either. Neither ranks models until the release
has every published task of the category.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from meds_pipeline.reports.board.model import CategoryCard
from meds_pipeline.scoring.registry import load_registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def category_cards(tasks: Mapping[str, str]) -> tuple[CategoryCard, ...]:
    """Return a card for each average of both scorers, from the category of each task of a release."""
    published = load_registry().released()
    names = dict.fromkeys(tasks.values())
    corrected = [_corrected(name, {t: c for t, c in tasks.items() if c == name}, published) for name in names]
    return (_corrected("overall", tasks, published), *corrected, *_official(tasks))


def _corrected(name: str, tasks: Mapping[str, str], published: Mapping[str, str]) -> CategoryCard:
    there = [task for task, category in published.items() if name in ("overall", category)]
    own = len(tasks.keys() - published.keys())
    about = _of(len(tasks) - own, len(there), "published task") if there else ""
    if own:
        about += f"{' and ' if about else ''}{own} of our own"
    here = len(tasks) - own
    return CategoryCard("corrected", name, tuple(tasks), about, _gap(here, len(there)) if here < len(there) else "")


def _official(tasks: Mapping[str, str]) -> Iterator[CategoryCard]:
    registry = load_registry()
    for average in registry.averages:
        there = [task for task in average.tasks if registry.tasks[task].released or task in tasks]
        here = tuple(task for task in there if task in tasks)
        if not here:
            continue
        gap = ""
        if len(here) < len(there):
            gap = _gap(len(here), len(there))
            if not average.ours:
                gap += f", and the published script counts the others as {'−1' if average.absent < 0 else '0'}"
        yield CategoryCard("official", average.name, here, _of(len(here), len(there), "published task"), gap)


def _gap(here: int, there: int) -> str:
    return f"{here} of {there} tasks {'is' if here == 1 else 'are'} in this release"


def _of(here: int, there: int, what: str) -> str:
    count = f"{here} of {there}" if here < there else f"all {here}" if here > 1 else "1"
    return f"{count} {what}{'s' * (there != 1)}"
