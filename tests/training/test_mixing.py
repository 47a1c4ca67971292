"""What a plan trains on: shares of tasks, examples, and never what must not be trained on."""

from __future__ import annotations

from collections import Counter
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meds_pipeline.core.errors import QualityError
from meds_pipeline.home.workspace import Workspace
from meds_pipeline.training.mixing import quotas
from meds_pipeline.training.plan import Mixture

SIZES = st.dictionaries(st.sampled_from([f"task{n}" for n in range(12)]), st.integers(1, 10_000), min_size=1)


@given(SIZES, st.integers(1, 50_000), st.floats(0, 1), st.integers(1, 5))
def test_shares_add_up_and_no_task_gives_more_than_it_has(
    sizes: dict[str, int], samples: int, alpha: float, repeats: int
) -> None:
    shares = quotas(sizes, Mixture(samples=samples, alpha=alpha, max_repeats=repeats))
    assert sum(shares.values()) == min(samples, repeats * sum(sizes.values()))
    assert all(shares[task] <= repeats * sizes[task] for task in shares)


@given(SIZES)
def test_without_a_number_every_instance_is_used_once(sizes: dict[str, int]) -> None:
    assert quotas(sizes, Mixture()) == sizes


@pytest.mark.parametrize(
    ("alpha", "expected"),
    [(1.0, {"big": 90, "small": 10}), (0.0, {"big": 50, "small": 50}), (0.5, {"big": 75, "small": 25})],
)
def test_alpha_goes_from_sizes_to_equal_shares(alpha: float, expected: dict[str, int]) -> None:
    assert quotas({"big": 9000, "small": 1000}, Mixture(samples=100, alpha=alpha)) == expected


@given(SIZES, st.integers(1, 50_000), st.floats(0, 1))
def test_every_share_is_its_portion_rounded(sizes: dict[str, int], samples: int, alpha: float) -> None:
    weights = {task: size**alpha for task, size in sizes.items()}
    portions = {task: samples * weight / sum(weights.values()) for task, weight in weights.items()}
    shares = quotas(sizes, Mixture(samples=samples, alpha=alpha, max_repeats=50_000))
    assert all(abs(shares[task] - portions[task]) < 1 + 1e-6 for task in sizes)


def test_remainders_go_to_the_largest_fractions_not_to_the_largest_task() -> None:
    sizes = {"big": 91, **{f"small{n}": 1 for n in range(9)}}
    shares = quotas(sizes, Mixture(samples=50, alpha=1, max_repeats=10))
    assert shares == {"big": 46, **{f"small{n}": int(n < 4) for n in range(9)}}


def test_what_a_full_task_cannot_take_goes_to_the_others() -> None:
    shares = quotas({"a": 2, "b": 50, "c": 50}, Mixture(samples=61, alpha=0, max_repeats=1))
    assert shares == {"a": 2, "b": 30, "c": 29}


def test_weight_zero_leaves_a_task_out() -> None:
    assert quotas({"a": 10, "b": 10}, Mixture(samples=10, weights={"a": 0})) == {"b": 10}


@pytest.fixture(scope="module")
def samples(built: Workspace) -> list[dict[str, Any]]:
    return pq.read_table(built.store.require("training_set", "tiny").file("lineage/sample.parquet")).to_pylist()


def test_examples_are_other_instances_of_the_same_task(built: Workspace, samples: list[dict[str, Any]]) -> None:
    with duckdb.connect(str(built.home / "lineage.duckdb"), read_only=True) as con:
        task_of = dict(con.execute("SELECT instance_id, task_id FROM instance").fetchall())
    shown = [sample for sample in samples if sample["shot_instance_ids"]]
    assert shown
    for sample in shown:
        assert sample["instance_id"] not in sample["shot_instance_ids"]
        assert {task_of[shot] for shot in sample["shot_instance_ids"]} == {sample["task_id"]}


def test_some_samples_show_examples_and_some_do_not(samples: list[dict[str, Any]]) -> None:
    few = sum(bool(sample["shot_instance_ids"]) for sample in samples)
    assert 0.3 * len(samples) < few < 0.7 * len(samples)


def test_held_out_and_bench_only_instances_are_never_trained_on(built: Workspace) -> None:
    with duckdb.connect(str(built.home / "lineage.duckdb"), read_only=True) as con:
        used = "SELECT instance_id FROM sample UNION SELECT unnest(shot_instance_ids) FROM sample"
        wrong = con.execute(
            f"SELECT count(*) FROM instance JOIN task USING (task_id) WHERE instance_id IN ({used}) "
            "AND (split = 'test' OR use = 'bench')"
        ).fetchall()
        left_out = con.execute(
            f"SELECT count(*) FROM (FROM duplicate SELECT instance_id UNION FROM contamination SELECT instance_id) "
            f"WHERE instance_id IN ({used})"
        ).fetchall()
    assert wrong == [(0,)]
    assert left_out == [(0,)]


def test_messages_are_the_ledger_in_words(built: Workspace, samples: list[dict[str, Any]]) -> None:
    output = built.store.require("training_set", "tiny")
    rows = pq.read_table(output.file("samples.parquet")).to_pylist()
    shots = {sample["sample_id"]: len(sample["shot_instance_ids"]) for sample in samples}
    assert Counter(row["sample_id"] for row in rows) == Counter(list(shots))
    for row in rows:
        system, user, assistant = row["messages"]
        assert [m["role"] for m in row["messages"]] == ["system", "user", "assistant"]
        assert system["content"].count("\n\nOutput:\n") == shots[row["sample_id"]]
        assert user["content"].startswith("Input:\n") == bool(shots[row["sample_id"]])
        assert assistant["content"].strip()


def test_nothing_to_train_on_is_an_error_that_says_so(built: Workspace) -> None:
    from meds_pipeline.steps.run import run_step

    tasks = {task: 0.0 for task in built.catalog.tasks}
    plan = built.settings.plans["tiny"]
    empty = plan.model_copy(update={"mixture": plan.mixture.model_copy(update={"weights": tasks})})
    settings = built.settings.model_copy(update={"plans": {"empty": empty}})
    workspace = Workspace(built.home, built.raw, built.origin, settings, built.catalog, built.store)
    with pytest.raises(QualityError, match="nothing is left to train on"):
        run_step(workspace, "training_set", "empty")
    workspace.clear_failure("training_set", "empty")
