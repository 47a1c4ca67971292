"""What the automation sensor would request: changed data only, and not held back by a corpus that never worked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import dagster as dg
import pytest

from assets.partitions import CORPORA, MODELS, PLANS
from meds_pipeline.definitions import defs


@dataclass
class Sensor:
    """Evaluates the conditions of all assets, tick after tick."""

    instance: dg.DagsterInstance
    cursor: object = field(default=None)

    def made(self, asset: str, partition: str | None, version: str) -> None:
        """Report a materialization with a data version."""
        tags = {"dagster/data_version": version}
        event = dg.AssetMaterialization(asset_key=asset, partition=partition, tags=tags)
        self.instance.report_runless_asset_event(event)

    def tick(self) -> dict[str, int]:
        """Return how many partitions of each asset are requested."""
        result = dg.evaluate_automation_conditions(defs, self.instance, cursor=self.cursor)  # type: ignore[arg-type]
        self.cursor = result.cursor
        counts = {
            key.path[-1]: result.get_num_requested(key) for key in defs.resolve_asset_graph().materializable_asset_keys
        }
        return {asset: count for asset, count in counts.items() if count}


@pytest.fixture
def sensor() -> Iterator[Sensor]:
    """A sensor that has seen a home where all is made, but for corpus c, which never gave anything."""
    with dg.DagsterInstance.ephemeral() as instance:
        for definition, keys in ((CORPORA, ["a", "b", "c"]), (PLANS, ["tiny"]), (MODELS, ["one", "two"])):
            instance.add_dynamic_partitions(str(definition.name), keys)
        watching = Sensor(instance)
        for asset in ("raw_corpus", "instances", "verdicts"):
            for corpus in ("a", "b"):
                watching.made(asset, corpus, "1")
        for asset in (
            "duplicates",
            "split_proof",
            "benchmark",
            "contamination",
            "comparisons",
            "lineage",
            "leaderboard",
        ):
            watching.made(asset, None, "1")
        for asset in ("training_set", "packed_training_set", "fine_tuned_model"):
            watching.made(asset, "tiny", "1")
        for asset in ("predictions", "scores"):
            for model in ("one", "two"):
                watching.made(asset, model, "1")
        watching.tick()
        assert watching.tick() == {}
        yield watching


def test_what_was_made_again_unchanged_starts_nothing(sensor: Sensor) -> None:
    sensor.made("verdicts", "a", "1")
    sensor.made("benchmark", None, "1")
    assert sensor.tick() == {}


def test_changed_verdicts_start_what_reads_them(sensor: Sensor) -> None:
    sensor.made("verdicts", "a", "2")
    requested = sensor.tick()
    assert requested.keys() >= {"duplicates", "split_proof", "benchmark", "contamination"}
    assert not requested.keys() & {"raw_corpus", "instances", "verdicts"}


def test_a_changed_model_is_evaluated_anew_by_every_model_that_may_stand_on_it(sensor: Sensor) -> None:
    sensor.made("fine_tuned_model", "tiny", "2")
    assert sensor.tick()["predictions"] == 2


def test_changed_scores_are_published(sensor: Sensor) -> None:
    sensor.made("scores", "one", "2")
    assert sensor.tick() == {"comparisons": 1, "lineage": 1, "leaderboard": 1}
