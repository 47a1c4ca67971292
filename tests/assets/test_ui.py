"""The real webserver and daemon, by GraphQL and by browser: what a person sees of runs, and can do to them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from served import LOCATION, Server, serving, wait_for

from assets.factory import ASSETS_OF_GROUP as GROUPS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from meds_pipeline.home.workspace import Workspace

pytestmark = pytest.mark.timeout(480)  # the fixture's runs count for the test that comes first
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
ENDED = ("SUCCESS", "FAILURE", "CANCELED")
START_TAG, END_TAG = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
SENSOR_TICK = """
mutation($selector: SensorSelector!) { sensorDryRun(selectorData: $selector, cursor: null) {
  __typename ... on DryRunInstigationTick { evaluationResult { runRequests { tags { key value } } error { message } } }
  ... on PythonError { message } } }
"""
SCHEDULE_TICK = """
mutation($selector: ScheduleSelector!) { scheduleDryRun(selectorData: $selector, timestamp: 1764540000) {
  __typename ... on DryRunInstigationTick {
    evaluationResult { skipReason runRequests { tags { key value } } error { message } } }
  ... on PythonError { message } } }
"""
START = """
mutation($selector: ScheduleSelector!) { startSchedule(scheduleSelector: $selector) {
  __typename ... on ScheduleStateResult { scheduleState { status } } ... on PythonError { message } } }
"""
SCHEDULE = """
query($selector: ScheduleSelector!) { scheduleOrError(scheduleSelector: $selector) { ... on Schedule {
  cronSchedule executionTimezone futureTicks(limit: 1) { results { timestamp } } scheduleState { status } } } }
"""
ASSET = """
query($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { ... on AssetNode {
  assetMaterializations(limit: 20) { partition runOrError { ... on Run { jobName } } }
  assetChecksOrError { ... on AssetChecks { checks { name blocking executionForLatestMaterialization {
    status evaluation { success metadataEntries { label } } } } } } } } }
"""


@dataclass(frozen=True)
class Ui:
    """A server on a home in which `meds run` made two corpora and, meanwhile, a backfill a third."""

    server: Server
    home: Path
    raw: Path
    requested: list[dict[str, str]]
    first_night: list[dict[str, str]]
    backfill: str

    def meds_run(self, *options: str) -> subprocess.Popen[str]:
        """Start `meds run` on the home of the server."""
        return meds_run(self.home, self.raw, *options)

    def night(self) -> dict[str, Any]:
        """Return what the nightly schedule would ask for now."""
        return night(self.server)


def meds_run(home: Path, raw: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "meds_pipeline", "run", "--home", str(home), "--raw", str(raw), *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def night(server: Server) -> dict[str, Any]:
    ticked = server.ask(SCHEDULE_TICK, selector={**LOCATION, "scheduleName": "nightly"})["scheduleDryRun"]
    found: dict[str, Any] = ticked["evaluationResult"]
    assert found["error"] is None, found
    return found


def tags_of(requests: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [{tag["key"]: tag["value"] for tag in request["tags"]} for request in requests]


def corpora_of(found: dict[str, Any]) -> list[dict[str, str]]:
    """Return the tags of the runs over corpora."""
    return [tags for tags in tags_of(found["runRequests"]) if START_TAG in tags]


@pytest.fixture(scope="module")
def ui(built: Workspace, three: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ui]:
    folder = tmp_path_factory.mktemp("ui")
    home, raw = folder / "home", folder / "raw"
    home.mkdir()
    settings = built.settings.model_dump(mode="json", exclude={"workers"})
    (home / "meds.yaml").write_text(yaml.safe_dump(settings))
    shutil.copytree(three, raw, ignore=lambda *_: ["meqsum"])
    with serving(home, raw, folder / "log") as server:
        server.ask(SENSOR_TICK, selector={**LOCATION, "sensorName": "raw_folders"})
        first_night = tags_of(night(server)["runRequests"])
        two = meds_run(home, raw, "--quiet")
        wait_for(lambda: (home / "releases" / "default.json").exists() or two.poll() is not None, 120)
        shutil.copytree(three / "meqsum", raw / "meqsum")  # it comes after the release
        ticked = server.ask(SENSOR_TICK, selector={**LOCATION, "sensorName": "raw_folders"})["sensorDryRun"]
        backfill = server.backfill(GROUPS["corpora"], ["meqsum"])
        out, _ = two.communicate(timeout=240)
        assert two.returncode == 0, out
        wait_for(lambda: server.backfill_status(backfill).startswith(("COMPLETED", "FAILED")), 120)
        requested = tags_of(ticked["evaluationResult"]["runRequests"])
        yield Ui(server, home, raw, requested, first_night, backfill)


def test_a_run_and_a_backfill_of_a_new_corpus_end_well_side_by_side(ui: Ui) -> None:
    assert ui.server.backfill_status(ui.backfill) == "COMPLETED_SUCCESS"
    made = ui.server.ask(ASSET, key={"path": ["verdicts"]})["assetNodeOrError"]["assetMaterializations"]
    assert {m["partition"] for m in made} == {"bc5cdr", "pubmedqa", "meqsum"}
    assert (ui.home / "leaderboard" / "index.html").is_file()


def test_a_backfill_starts_within_a_minute_while_a_run_goes_on(ui: Ui) -> None:
    (run,) = ui.server.runs(**{"dagster/backfill": ui.backfill})
    assert run["startTime"] - run["creationTime"] < 60


def test_the_sensor_asks_for_runs_of_new_raw_folders(ui: Ui) -> None:
    assert sorted(tags["dagster/partition"] for tags in ui.requested) == ["bc5cdr", "meqsum", "pubmedqa"]


def test_the_night_asks_for_what_is_out_of_date_only_and_behind_people(ui: Ui) -> None:
    (all_of_them,) = ui.first_night
    assert (all_of_them[START_TAG], all_of_them[END_TAG]) == ("bc5cdr", "pubmedqa")
    assert int(all_of_them["dagster/priority"]) < 0
    assert corpora_of(ui.night()) == [], "what stands on the third corpus may be asked for, the corpora are not"
    path = ui.raw / "pubmedqa" / "data" / "ori_pqaa.json"
    path.touch()
    (one,) = corpora_of(ui.night())
    assert (one[START_TAG], one[END_TAG]) == ("pubmedqa", "pubmedqa")


def test_a_run_of_meds_run_is_executed_again_and_changes_nothing(ui: Ui) -> None:
    (corpora,) = [run for run in ui.server.runs("corpus_data") if run["status"] == "SUCCESS"][-1:]
    again = ui.server.execute_again(corpora["runId"])
    wait_for(lambda: ui.server.run_status(again) in ENDED, 90)
    assert ui.server.run_status(again) == "SUCCESS", ui.server.log.read_text()[-4000:]


def _wait_until_quiet(server: Server) -> None:
    """Return once no run is active and the automation has asked for none in one of its ticks of 30 s."""
    seen = -1
    while True:
        runs = server.runs()
        active = any(run["status"] not in ENDED for run in runs)
        if not active and len(runs) == seen:
            return
        seen = -1 if active else len(runs)
        time.sleep(5 if active else 35)


def test_runs_can_be_canceled_and_retried(ui: Ui) -> None:
    """A long training: the run of `meds run` is canceled, executed again by the server, and that one canceled too."""
    _wait_until_quiet(ui.server)  # else what follows by itself would train for as long
    settings = yaml.safe_load((ui.home / "meds.yaml").read_text())
    longer = yaml.safe_load((ui.home / "meds.yaml").read_text())
    longer["plans"]["tiny"]["fine_tuning"] |= {"max_steps": None, "epochs": 1_000}
    (ui.home / "meds.yaml").write_text(yaml.safe_dump(longer))
    try:
        process = ui.meds_run("--quiet")
        wait_for(lambda: [run for run in ui.server.runs("train") if run["status"] == "STARTED"] != [], 60)
        (run,) = [run for run in ui.server.runs("train") if run["status"] == "STARTED"]
        assert ui.server.terminate(run["runId"]) == "TerminateRunSuccess"
        assert process.wait(60) != 0
        wait_for(lambda: ui.server.run_status(run["runId"]) in ENDED, 30)
        assert ui.server.run_status(run["runId"]) == "CANCELED"
        again = ui.server.execute_again(run["runId"])
        wait_for(lambda: ui.server.run_status(again) == "STARTED", 60)
        time.sleep(3)  # into the training
        assert ui.server.terminate(again) == "TerminateRunSuccess"
        wait_for(lambda: ui.server.run_status(again) in ENDED, 60)
        assert ui.server.run_status(again) == "CANCELED"
        assert not any("was killed" in text for text in ui.server.messages(again)), "it ended by itself, on request"
    finally:
        (ui.home / "meds.yaml").write_text(yaml.safe_dump(settings))


def test_what_follows_changed_corpora_is_requested_by_itself(ui: Ui) -> None:
    """A backfill gives other records of a corpus; nobody asks for what stands on them."""
    path = ui.raw / "bc5cdr_iob" / "data" / "BC5CDR-IOB" / "devel.tsv"
    path.write_text(f"{path.read_text()}\nFever\tO\nhelps\tO\n\n")
    backfill = ui.server.backfill(GROUPS["corpora"], ["bc5cdr"])
    wait_for(lambda: ui.server.backfill_status(backfill).startswith(("COMPLETED", "FAILED")), 120)
    wait_for(lambda: any(_by_itself(run) for run in ui.server.runs()), 240)


def _by_itself(run: dict[str, Any]) -> bool:
    return any(tag["key"] in ("dagster/auto_materialize", "dagster/from_automation_condition") for tag in run["tags"])


def _evaluated(check: dict[str, Any]) -> bool:
    return bool((check["executionForLatestMaterialization"] or {}).get("evaluation"))


def test_checks_ran_and_say_what_they_found(ui: Ui) -> None:
    def checks(asset: str) -> list[dict[str, Any]]:
        node = ui.server.ask(ASSET, key={"path": [asset]})["assetNodeOrError"]
        return list(node["assetChecksOrError"]["checks"])

    for asset in ("raw_corpus", "instances", "training_set", "predictions", "scores"):
        assert checks(asset)
        # What follows changed corpora may be in the middle of being made.
        wait_for(lambda asset=asset: all(map(_evaluated, checks(asset))), 120)
        for check in checks(asset):
            assert check["blocking"]
            execution = check["executionForLatestMaterialization"]
            labels = {entry["label"] for entry in execution["evaluation"]["metadataEntries"]}
            assert labels >= {"expectations", "failing rows", "fingerprint"}


def test_the_nightly_schedule_can_be_switched_on(ui: Ui) -> None:
    selector = {**LOCATION, "scheduleName": "nightly"}
    before = ui.server.ask(SCHEDULE, selector=selector)["scheduleOrError"]
    assert (before["cronSchedule"], before["scheduleState"]["status"]) == ("0 3 * * *", "STOPPED")
    started = ui.server.ask(START, selector=selector)["startSchedule"]
    assert started["__typename"] == "ScheduleStateResult", started
    after = ui.server.ask(SCHEDULE, selector=selector)["scheduleOrError"]
    assert after["scheduleState"]["status"] == "RUNNING"
    assert after["futureTicks"]["results"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no chromium or google-chrome on the PATH")
    sync_api = pytest.importorskip("playwright.sync_api")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(ui: Ui, browser: Browser, tmp_path: Path) -> Iterator[Callable[[str], Page]]:
    """Open a page of the UI; a picture of it is left in the test's folder."""
    page: Any = browser.new_page(viewport={"width": 1800, "height": 1000})
    page.set_default_timeout(60_000)

    def open_page(path: str) -> Page:
        page.goto(f"{ui.server.url}{path}", wait_until="domcontentloaded")
        return page

    yield open_page
    page.screenshot(path=tmp_path / "page.png")
    page.close()


@pytest.mark.browser
def test_the_graph_shows_every_asset(visit: Callable[[str], Page]) -> None:
    page = visit("/asset-groups?expanded=" + "%2C".join(f"global%40global%3A{group}" for group in GROUPS))
    for members in GROUPS.values():
        for asset in members:
            begins = re.compile(f"^{asset[:12]}")  # the graph shortens long names in their middle
            page.locator("svg").get_by_text(begins).first.wait_for()


@pytest.mark.browser
def test_partitions_and_their_state_are_shown(visit: Callable[[str], Page]) -> None:
    page = visit("/assets/verdicts?view=partitions")
    for corpus in ("bc5cdr", "meqsum", "pubmedqa"):
        page.get_by_text(corpus, exact=True).first.wait_for()
    page.get_by_text("Materialized (3)").wait_for()
    page.get_by_text("Missing (0)").wait_for()


@pytest.mark.browser
def test_a_check_shows_what_was_expected(visit: Callable[[str], Page]) -> None:
    page = visit("/assets/raw_corpus?view=checks")
    page.get_by_text(
        "the share of bad records, and of the bytes in them, is not above the corpus's fault_threshold"
    ).first.wait_for()
    page.get_by_text("blocking").first.wait_for()
    page.get_by_text("Passed", exact=True).first.wait_for()


@pytest.mark.browser
def test_the_loss_curve_is_a_picture(visit: Callable[[str], Page]) -> None:
    page = visit("/assets/fine_tuned_model?view=events")
    page.get_by_text("[Show Markdown]").first.click()
    image = page.locator("img[alt=picture]").first
    image.wait_for()
    assert image.evaluate("image => image.naturalWidth") > 400
