"""Says which code measures which metric, for each scorer; all metric families are loaded here.

A new scorer or metric is a line here and a `Family` in a module of its own.
"""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import TYPE_CHECKING

from meds_pipeline.core.errors import ScoringError, UnknownNameError, Where
from meds_pipeline.scoring.corrected.text import bare, says_none

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meds_pipeline.scoring.base import Answer, Family
    from meds_pipeline.scoring.registry import TaskSpec

SCORERS = ("official", "corrected")
"""Scorers by name; the version of each is in `VERSIONS`."""

VERSIONS = {"official": "2", "corrected": "3"}
"""Raised whenever a figure could change; part of every result's identity."""

_CLOSED, _EXTRACTION = "closed:Closed", "extraction:Extraction"
"""Corrected forms of upstream's containment: `Closed` for a task with labels, else `Extraction` of a phrase."""
_MODULES: dict[str, tuple[str, str]] = {
    "accuracy_choice": ("choice:Choice", "choice:Choice"),
    "accuracy_yes_no_firstchar": ("choice:YesNo", _CLOSED),
    "accuracy_substring": ("substring:Substring", _EXTRACTION),
    "accuracy_substring_firstline": ("substring:FirstLine", _EXTRACTION),
    "accuracy_true_false": ("true_false:TrueFalse", _CLOSED),
    "f1_entities_micro": ("entities:Entities", "entities:Entities"),
    "precision_recall_f1_multilabel_macro": ("labels:Labels", "labels:Labels"),
    "bleu1_rougeL": ("overlap:Overlap", "overlap:Overlap"),
    "bleu1_rougeL_lang_tokenizer": ("overlap:Overlap", "overlap:Overlap"),
    "bleu1_rougeL_lowercased": ("overlap:Lowercased", "overlap:Overlap"),
}
METRICS = tuple(_MODULES)
"""Metric names a task may have."""


def family(scorer: str, spec: TaskSpec) -> Family:
    """The family that measures a task for a scorer.

    Raises:
        UnknownNameError: The scorer or the task's metric has no such name.
    """
    if scorer not in SCORERS:
        raise UnknownNameError(f"no scorer is named {scorer!r}", next_step=f"Use one of: {', '.join(SCORERS)}.")
    if spec.metric not in _MODULES:
        names = ", ".join(_MODULES)
        raise UnknownNameError(f"no metric is named {spec.metric!r}", Where(task=spec.task_id), f"Use one of: {names}.")
    place = _MODULES[spec.metric][SCORERS.index(scorer)]
    if place in (_CLOSED, _EXTRACTION):
        place = _CLOSED if spec.labels else _EXTRACTION
    module, _, name = place.partition(":")
    found = getattr(importlib.import_module(f"meds_pipeline.scoring.{scorer}.{module}"), name)
    made: Family = found(spec)
    return made


def complete(spec: TaskSpec, answers: Sequence[Answer]) -> TaskSpec:
    """The spec; a multilabel task without labels gets the labels of all its gold answers.

    The figures of such a task are means over labels, so all its items need the same labels.

    Raises:
        ScoringError: No gold answer names a label.
    """
    if spec.labels or spec.metric != "precision_recall_f1_multilabel_macro":
        return spec
    named = {bare(label) for answer in answers for label in answer.truth.split(",")} - {""}
    labels = {label for label in named if not says_none(label)}  # "none" is the empty set, not a label of its own
    if not labels:
        raise ScoringError("no gold answer names a label", Where(task=spec.task_id), "Give the task's `labels`.")
    return replace(spec, labels=tuple(sorted(labels)))
