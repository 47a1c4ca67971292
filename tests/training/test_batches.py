from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
import torch

from meds_pipeline.training.batches import Sequences, learning_rate, schedule, step_count
from meds_pipeline.training.plan import FineTunePlan

if TYPE_CHECKING:
    from meds_pipeline.training.packing import Packed


def test_every_epoch_consumes_every_sequence_once_in_an_order_of_its_own() -> None:
    plan = FineTunePlan(epochs=3, batch=4)
    steps = list(schedule(10, plan))
    assert [step.number for step in steps] == list(range(1, 9))
    doses = [dose for step in steps for dose in step.doses]
    assert Counter(doses) == Counter((sequence, epoch) for epoch in range(3) for sequence in range(10))
    orders = [[sequence for sequence, e in doses if e == epoch] for epoch in range(3)]
    assert orders[0] != orders[1] != orders[2]


def test_the_schedule_after_a_step_is_the_rest_of_the_whole_schedule() -> None:
    plan = FineTunePlan(epochs=2, batch=3, max_steps=6)
    whole = list(schedule(11, plan))
    assert len(whole) == step_count(11, plan) == 6
    for done in range(7):
        assert list(schedule(11, plan, after=done)) == whole[done:]


def test_learning_rate_rises_linearly_and_falls_as_a_cosine() -> None:
    plan = FineTunePlan(learning_rate=1.0, warmup=0.1, final_rate=0.2)
    rates = [learning_rate(step, 100, plan) for step in range(1, 101)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[9] == pytest.approx(1.0)
    assert rates[54] == pytest.approx(0.6)  # half way down: the mean of 1.0 and 0.2
    assert rates[99] == pytest.approx(0.2)
    assert all(earlier > later for earlier, later in zip(rates[9:], rates[10:], strict=False))


def test_segments_start_anew_and_do_not_see_each_other(packed: Packed) -> None:
    batch = Sequences(packed.sequences).batch([0, 1], answers_only=False)
    for row in range(2):
        segments = batch.segments[row].tolist()
        for at, segment in enumerate(segments):
            if segment < 0:
                continue
            first = segments.index(segment)
            assert batch.position_ids[row, at] == at - first
            seen = batch.mask[row, 0, at].nonzero().flatten().tolist()
            assert seen == list(range(first, at + 1))
            last = at + 1 == len(segments) or segments[at + 1] != segment
            assert batch.labels[row, at] == (-100 if last else batch.input_ids[row, at + 1])


def test_weighing_samples_gives_every_sample_one(packed: Packed) -> None:
    data = Sequences(packed.sequences)
    batch = data.batch([0, 1, 2], answers_only=True)
    samples = sum(int(batch.segments[row].max()) + 1 for row in range(3))
    assert float(batch.weights("samples").sum()) == pytest.approx(samples)
    assert torch.equal(batch.weights("tokens"), torch.ones(int((batch.labels != -100).sum())))
