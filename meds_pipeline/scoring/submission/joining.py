"""Finds which items of several submissions are the same, and which items each model lacks.

Items are the same if task, input and GT agree. Ids name items and distinguish items that agree in all three. If ids
contradict the contents (one id is two questions in two files, or files share questions but no ids), items are
identified only by their contents.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from meds_pipeline.scoring.submission.answers import Submission

_NAMED = 3


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which items the models of one call answer.

    Attributes:
        union: By task, the items that any model answers.
        shared: By task, the items that all models answer.
        lacking: For each model and task, how many items of the union it lacks; tasks with none are left out.
    """

    union: Mapping[str, int]
    shared: Mapping[str, int]
    lacking: Mapping[str, Mapping[str, int]]


def joined(found: Mapping[str, Submission]) -> tuple[dict[str, Submission], list[str]]:
    """The submissions with the same name for the same item, and warnings on items that could not be matched."""
    submissions, warnings = dict(found), []
    if problem := _ids_mislead(found):
        submissions = {name: submission.by_content() for name, submission in found.items()}
        warnings.append(problem)
    contents = {name: set(submission.contents) for name, submission in submissions.items()}
    for first, second in combinations(submissions, 2):
        if contents[first].isdisjoint(contents[second]):
            warnings.append(f"{first} and {second} share no item (task, input and GT): they are not compared.")
    return submissions, warnings


def _ids_mislead(found: Mapping[str, Submission]) -> str:
    """Why items cannot be joined by their ids; empty if they can."""
    if not any(submission.identified for submission in found.values()):
        return ""  # items are identified by their contents anyway
    by_id = {
        name: {(a.task_id, a.item_id): content for a, content in zip(s.answers, s.contents, strict=True)}
        for name, s in found.items()
    }
    for first, second in combinations(found, 2):
        ids = by_id[first].keys() & by_id[second].keys()
        other = sorted(key for key in ids if _hash(by_id[first][key]) != _hash(by_id[second][key]))
        if other:
            named = ", ".join(f"{item} of {task}" for task, item in other[:_NAMED])
            return (
                f"{len(other)} ids stand for different questions in {first} and {second} ({named}"
                f"{', ..' if len(other) > _NAMED else ''}): items are joined by task, input and GT."
            )
        if len(ids) < len(set(found[first].contents) & set(found[second].contents)):
            return (
                f"{first} and {second} have the same questions under different ids, or without ids: items are joined "
                "by task, input and GT."
            )
    return ""


def _hash(content: str) -> str:
    """A name from contents, without the number that distinguishes equal rows."""
    return content.partition("-")[0]


def coverage(submissions: Mapping[str, Submission]) -> Coverage:
    """Count items by task: all items, items that all models answer, items that each model lacks."""
    items = {name: {(a.task_id, a.item_id) for a in submission.answers} for name, submission in submissions.items()}
    union, shared = set[tuple[str, str]]().union(*items.values()), set.intersection(*items.values())
    lacking = {name: _by_task(union - mine) for name, mine in items.items()}
    return Coverage(_by_task(union), _by_task(shared), lacking)


def _by_task(items: Iterable[tuple[str, str]]) -> dict[str, int]:
    return dict(sorted(Counter(task for task, _ in items).items()))
