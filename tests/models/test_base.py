from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from meds_pipeline.core.errors import ModelError, UnknownNameError
from meds_pipeline.models.base import BUILT_IN, LoadContext, Prompt, load_model
from meds_pipeline.models.spec import ModelSpec

PROMPT = Prompt("i1", "task1", "D", (), "q")


@pytest.mark.parametrize("target", sorted(set(BUILT_IN.values())))
def test_every_built_in_kind_has_its_adapter(target: str) -> None:
    module, _, name = target.partition(":")
    assert callable(getattr(importlib.import_module(module), name))


def test_an_unknown_kind_names_close_ones() -> None:
    with pytest.raises(UnknownNameError, match="endpoint"):
        load_model(ModelSpec(kind="endpiont"), LoadContext())


def install(monkeypatch: pytest.MonkeyPatch, site: Path, kind: str) -> None:
    """Put a package with an adapter of this kind on the path, as pip leaves it."""
    (site / "shouting.py").write_text(
        "from meds_pipeline.models.base import Generation\n"
        "class Shouting:\n"
        "    def generate(self, prompts):\n"
        "        for p in prompts:\n"
        "            yield Generation(p.item_id, p.query.upper())\n"
        "def load(spec, context):\n"
        "    return Shouting()\n"
    )
    info = site / "shouting-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shouting\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[meds_pipeline.models]\n{kind} = shouting:load\n")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.delitem(sys.modules, "shouting", raising=False)


def test_another_package_adds_a_kind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install(monkeypatch, tmp_path, "shouting")
    (answer,) = load_model(ModelSpec(kind="shouting"), LoadContext()).generate([PROMPT])
    assert answer.output == "Q"


def test_another_package_does_not_take_over_a_kind_of_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install(monkeypatch, tmp_path, "majority")
    with pytest.raises(ModelError, match="majority"):
        load_model(ModelSpec(kind="majority", plan="tiny"), LoadContext())


def test_the_majority_answers_every_item_of_a_task_alike() -> None:
    model = load_model(ModelSpec(kind="majority", plan="tiny"), LoadContext(answers={"task1": "yes"}))
    known, unknown = model.generate([PROMPT, Prompt("i2", "task2", "D", (), "q")])
    assert (known.output, known.shots) == ("yes", 0)
    assert unknown.output is None
    assert "task2" in str(unknown.error)
