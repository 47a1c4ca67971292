"""Few-shot protocols: what stands before an item, and that it is drawn alike every time."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import duckdb
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from meds_pipeline.home.workspace import Workspace
from meds_pipeline.models.protocol import draw, prompts_of

CHOICES = {"task123"}


@given(st.integers(0, 6), st.integers(0, 40), st.text(max_size=8))
def test_a_draw_is_of_distinct_numbers_and_repeatable(count: int, size: int, key: str) -> None:
    drawn = draw(count, size, key)
    assert len(drawn) == len(set(drawn)) == min(count, size)
    assert all(0 <= number < size for number in drawn)
    assert drawn == draw(count, size, key)


def test_every_order_is_as_likely() -> None:
    seen = Counter(tuple(draw(2, 4, str(n))) for n in range(12_000))
    assert len(seen) == 12
    assert all(880 < count < 1120 for count in seen.values())


def test_sound_shots_come_from_the_training_split_and_share_no_subject(built: Workspace) -> None:
    release = built.store.require("benchmark", "all")
    items = str(release.file("items.parquet"))
    instances = [str(o.path / "instances.parquet") for o in built.store.pointers() if o.manifest.asset == "instances"]
    with duckdb.connect() as con:
        split = dict(con.execute("SELECT instance_id, split FROM read_parquet(?)", [instances]).fetchall())
        of = dict(con.execute("SELECT instance_id, corpus || subject FROM read_parquet(?)", [instances]).fetchall())
        tested = {row[0] for row in con.execute("SELECT corpus || subject FROM read_parquet(?)", [items]).fetchall()}
    prompts = prompts_of(release)
    assert {p.task_id for p in prompts if not p.shots} == CHOICES
    for prompt in prompts:
        assert len(prompt.shots) == len(prompt.shot_ids) == (0 if prompt.task_id in CHOICES else 3)
        for shot in prompt.shot_ids:
            assert split[shot] == "train"
            assert of[shot] is None or of[shot] not in tested


def test_official_shots_come_from_the_tested_file(built: Workspace) -> None:
    release = built.store.require("benchmark", "all")
    rows = pq.read_table(release.file("items.parquet")).to_pylist()
    cases = {(r["task_id"], r["input"], r["references"][0]): r["instance_id"] for r in rows}
    items = Counter(r["task_id"] for r in rows)
    prompts = prompts_of(release, "official")
    assert prompts == prompts_of(release, "official")
    for prompt in prompts:
        assert len(prompt.shots) == (0 if prompt.task_id in CHOICES else min(3, items[prompt.task_id]))
        for shot, instance in zip(prompt.shots, prompt.shot_ids, strict=True):
            assert cases[prompt.task_id, *shot] == instance
    own = {r["item_id"]: r["instance_id"] for r in rows}
    assert any(own[p.item_id] in p.shot_ids for p in prompts), "as upstream, an item may be shown its own answer"
    assert any(one.shot_ids != other.shot_ids for one, other in pairwise(prompts) if one.task_id == other.task_id)
