"""What schedule and sensors ask for on a real home with a real instance, and what follows changed data there."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest
from pipeline_home import SMALL

from assets.factory import ASSETS_OF_GROUP
from meds_pipeline.definitions import defs, run_all
from meds_pipeline.home.settings import merge
from meds_pipeline.home.workspace import Workspace
from resources.workspace import WorkspaceResource, using

if TYPE_CHECKING:
    from conftest import Ran

CORPORA = ["bc5cdr", "meqsum", "pubmedqa"]


@dataclass(frozen=True)
class Home:
    """A home and its instance."""

    workspace: Workspace
    instance: dg.DagsterInstance

    def night(self, **settings: Any) -> tuple[list[dg.RunRequest], str | None]:
        """Return what the nightly schedule asks for, and why it asks for nothing; `settings` are laid over."""
        schedule = defs.get_repository_def().get_schedule_def("nightly")
        now = datetime(2026, 12, 1, 3, tzinfo=UTC)
        with using(self.with_settings(settings)):
            found = schedule.evaluate_tick(self._context(dg.build_schedule_context, scheduled_execution_time=now))
        return list(found.run_requests or []), found.skip_message

    def tick(self, sensor: str, cursor: str | None) -> tuple[list[str], str | None]:
        """Return the partitions a sensor asks for, and its cursor."""
        with using(self.with_settings({})):
            found: Any = defs.get_repository_def().get_sensor_def(sensor)(
                self._context(dg.build_sensor_context, cursor=cursor)
            )
        if isinstance(found, dg.SkipReason):
            return [], cursor
        assert not any(request.run_key for request in found.run_requests or [])
        return sorted(str(request.partition_key) for request in found.run_requests or []), found.cursor

    def run(self, request: dg.RunRequest, **settings: Any) -> bool:
        """Execute what was asked for and return whether it went well."""
        job = defs.resolve_implicit_global_asset_job_def()
        with using(self.with_settings(settings)):
            done = job.execute_in_process(
                **{"asset_selection": list(request.asset_selection or ()), "tags": dict(request.tags)},
                **{"instance": self.instance, "raise_on_error": False},
            )
        return done.success

    def with_settings(self, settings: dict[str, Any]) -> Workspace:
        return Workspace.open(self.workspace.home, self.workspace.raw, merge(SMALL, settings))

    def _context(self, build: Callable[..., Any], **given: Any) -> Any:
        resources = {"workspace": WorkspaceResource()}
        return build(instance=self.instance, repository_def=defs.get_repository_def(), resources=resources, **given)


@pytest.fixture
def home(ran: Ran, tmp_path: Path, instance_of: Callable[[Path], dg.DagsterInstance]) -> Home:
    """A copy of the finished home, over files of its own."""
    shutil.copytree(ran.workspace.home, tmp_path / "home")
    shutil.copytree(ran.raw, tmp_path / "raw")
    summary = run_all(tmp_path / "home", tmp_path / "raw", SMALL)
    assert summary.ok, summary.bad
    return Home(Workspace.open(tmp_path / "home", tmp_path / "raw", SMALL), instance_of(tmp_path / "home"))


def groups(requests: list[dg.RunRequest]) -> dict[str, list[str]]:
    """Groups asked for, each with the partitions its runs name."""
    names = {assets: group for group, assets in ASSETS_OF_GROUP.items()}
    found: dict[str, list[str]] = {}
    for request in requests:
        group = names[tuple(key.path[-1] for key in request.asset_selection or ())]
        found.setdefault(group, []).extend(value for key, value in request.tags.items() if "partition" in key)
    return found


def change(raw: Path) -> None:
    """Change the text of one record of pubmedqa."""
    path = raw / "pubmedqa" / "data" / "ori_pqal.json"
    text = path.read_text()
    assert '"QUESTION": "' in text
    path.write_text(text.replace('"QUESTION": "', '"QUESTION": "In short: ', 1))


def test_changed_records_are_followed_though_no_verdict_changes(home: Home) -> None:
    cursor = dg.evaluate_automation_conditions(defs, home.instance).cursor
    before = {asset: home.workspace.store.require(asset, "pubmedqa").digest for asset in ("instances", "verdicts")}
    change(home.workspace.raw)
    (request,), _ = home.night()
    assert home.run(request)
    after = {asset: home.workspace.store.require(asset, "pubmedqa").digest for asset in before}
    assert (after["verdicts"], after["instances"] != before["instances"]) == (before["verdicts"], True)
    found = dg.evaluate_automation_conditions(defs, home.instance, cursor=cursor)
    requested = {a for a in ASSETS_OF_GROUP["release"] if found.get_num_requested(dg.AssetKey(a))}
    assert requested == set(ASSETS_OF_GROUP["release"])


def test_the_night_asks_for_what_is_out_of_date_in_any_group(home: Home) -> None:
    assert home.night() == ([], "3 corpora checked, nothing changed")
    stricter, _ = home.night(quality={"near_duplicate": 0.99})
    assert groups(stricter).keys() == {"release"}
    assert home.run(stricter[0], quality={"near_duplicate": 0.99})
    longer, _ = home.night(plans={"tiny": {"fine_tuning": {"max_steps": 4}}})
    assert groups(longer)["training"] == ["tiny"]
    change(home.workspace.raw)
    assert groups(home.night()[0])["corpora"] == ["pubmedqa", "pubmedqa"]


def test_the_night_takes_up_what_failed_after_the_corpora_and_calls_no_leaderboard_fresh(home: Home) -> None:
    def reported() -> int:
        filters = dg.AssetRecordsFilter(asset_key=dg.AssetKey("leaderboard"))
        return len(home.instance.fetch_materializations(filters, limit=100).records)

    home.workspace.set_failure("scores", "majority", "the machine was full")
    before = reported()
    requests, _ = home.night()
    assert groups(requests)["evaluation"] == ["majority"]
    assert reported() == before
    for request in requests:
        assert home.run(request)
    assert reported() > before


def test_what_is_executed_again_from_its_failure_reads_the_mended_file(home: Home) -> None:
    """The UI selects the assets that were not made: the refused one was, and would stand in the way for ever."""
    path = home.workspace.raw / "pubmedqa" / "data" / "ori_pqal.json"
    whole = path.read_text()
    path.write_text(whole.replace('"QUESTION"', '"NOTHING"', 1))
    (request,), _ = home.night()
    assert not home.run(request)
    path.write_text(whole)
    not_made = [dg.AssetKey("instances"), dg.AssetKey("verdicts")]
    assert home.run(request.with_replaced_attrs(asset_selection=not_made))
    assert home.workspace.failures() == []
    (check,) = home.instance.event_log_storage.get_asset_check_execution_history(
        dg.AssetCheckKey(dg.AssetKey("raw_corpus"), "raw_files"), limit=1
    )
    assert check.status.value == "SUCCEEDED"


def test_a_first_night_asks_for_the_corpora_alone(home: Home, tmp_path: Path) -> None:
    with dg.instance_for_test() as instance:
        fresh = Home(Workspace.open(tmp_path / "fresh", home.workspace.raw, {"workers": 1}), instance)
        assert groups(fresh.night()[0]) == {"corpora": ["bc5cdr", "pubmedqa"]}


def test_a_raw_file_that_comes_back_is_asked_for_again(home: Home) -> None:
    path = home.workspace.raw / "pubmedqa" / "data" / "ori_pqaa.json"
    first, cursor = home.tick("raw_folders", None)
    assert first == CORPORA
    assert home.tick("raw_folders", cursor)[0] == []
    path.rename(path.with_suffix(".away"))
    gone, cursor = home.tick("raw_folders", cursor)
    path.with_suffix(".away").rename(path)
    back, _ = home.tick("raw_folders", cursor)
    assert gone == back == ["pubmedqa"]


def test_new_and_changed_submissions_are_asked_for(home: Home) -> None:
    folder = home.workspace.home / "submissions"
    folder.mkdir()
    assert home.tick("submissions", None)[0] == []
    (folder / "theirs.jsonl").write_text("{}\n")
    new, cursor = home.tick("submissions", None)
    assert (new, home.tick("submissions", cursor)[0]) == (["theirs"], [])
    (folder / "theirs.jsonl").write_text("{} \n")
    assert home.tick("submissions", cursor)[0] == ["theirs"]
