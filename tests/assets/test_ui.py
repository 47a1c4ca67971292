"""The real webserver and daemon, by GraphQL and by browser: full run, backfill of a new corpus, schedule, sensor."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from served import LOCATION, Server, serving, wait_for

from assets.declare import GROUPS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from meds_pipeline.home.workspace import Workspace

pytestmark = pytest.mark.timeout(480)  # the fixture's runs count for the test that comes first
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
TICK = """
mutation($selector: SensorSelector!) { sensorDryRun(selectorData: $selector, cursor: null) {
  __typename ... on DryRunInstigationTick { evaluationResult { runRequests { tags { key value } } error { message } } }
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
    """A server after a full run over two corpora and, beside it, a backfill of a third that is new."""

    server: Server
    home: Path
    requested: list[str]
    full_run: str
    backfill: str


@pytest.fixture(scope="module")
def ui(built: Workspace, three: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ui]:
    folder = tmp_path_factory.mktemp("ui")
    home, raw = folder / "home", folder / "raw"
    home.mkdir()
    settings = built.settings.model_dump(mode="json", exclude={"workers"})
    (home / "meds.yaml").write_text(yaml.safe_dump(settings))
    shutil.copytree(three, raw)
    with serving(home, raw, folder / "log") as server:
        ticked = server.ask(TICK, selector={**LOCATION, "sensorName": "raw_folders"})["sensorDryRun"]
        requests = ticked["evaluationResult"]["runRequests"]
        tags = [{tag["key"]: tag["value"] for tag in request["tags"]} for request in requests]
        backfill = server.backfill(GROUPS["corpora"], ["meqsum"])
        two = {"ops": {"run_corpora": {"config": {"corpora": ["bc5cdr", "pubmedqa"]}}}}
        full_run = server.launch("full_run", two)
        wait_for(lambda: server.run_status(full_run) in ("SUCCESS", "FAILURE", "CANCELED"), 240)
        wait_for(lambda: server.backfill_status(backfill).startswith(("COMPLETED", "FAILED")), 120)
        yield Ui(server, home, sorted(tag["dagster/partition"] for tag in tags), full_run, backfill)


def test_a_full_run_and_a_backfill_of_a_new_corpus_end_well(ui: Ui) -> None:
    assert ui.server.run_status(ui.full_run) == "SUCCESS", ui.server.log.read_text()[-4000:]
    assert ui.server.backfill_status(ui.backfill) == "COMPLETED_SUCCESS"
    made = ui.server.ask(ASSET, key={"path": ["verdicts"]})["assetNodeOrError"]["assetMaterializations"]
    assert {(m["partition"], m["runOrError"]["jobName"] == "corpus_data") for m in made} == {
        ("bc5cdr", True),
        ("pubmedqa", True),
        ("meqsum", False),
    }
    assert (ui.home / "leaderboard" / "index.html").is_file()


def test_the_sensor_asks_for_runs_of_new_raw_folders(ui: Ui) -> None:
    assert ui.requested == ["bc5cdr", "meqsum", "pubmedqa"]


def test_checks_ran_and_say_what_they_found(ui: Ui) -> None:
    for asset in ("raw_corpus", "instances", "training_set", "predictions", "scores"):
        node = ui.server.ask(ASSET, key={"path": [asset]})["assetNodeOrError"]
        assert node["assetChecksOrError"]["checks"]
        for check in node["assetChecksOrError"]["checks"]:
            assert check["blocking"]
            entries = check["executionForLatestMaterialization"]["evaluation"]["metadataEntries"]
            assert {entry["label"] for entry in entries} >= {"expectations", "failing rows", "fingerprint"}


def test_the_nightly_schedule_can_be_switched_on(ui: Ui) -> None:
    selector = {**LOCATION, "scheduleName": "nightly"}
    before = ui.server.ask(SCHEDULE, selector=selector)["scheduleOrError"]
    assert (before["cronSchedule"], before["scheduleState"]["status"]) == ("0 3 * * *", "STOPPED")
    started = ui.server.ask(START, selector=selector)["startSchedule"]
    assert started["__typename"] == "ScheduleStateResult", started
    after = ui.server.ask(SCHEDULE, selector=selector)["scheduleOrError"]
    assert after["scheduleState"]["status"] == "RUNNING"
    assert after["futureTicks"]["results"]


def test_the_instance_has_no_leftovers_of_live_runs(ui: Ui) -> None:
    assert list((ui.home / "dagster" / "alive").glob("*")) == []


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
    page.get_by_text("the share of bad records is not above the corpus's fault_threshold").first.wait_for()
    page.get_by_text("blocking").first.wait_for()
    page.get_by_text("Passed", exact=True).first.wait_for()


@pytest.mark.browser
def test_the_loss_curve_is_a_picture(visit: Callable[[str], Page]) -> None:
    page = visit("/assets/fine_tuned_model?view=events")
    page.get_by_text("[Show Markdown]").first.click()
    image = page.locator("img[alt=picture]").first
    image.wait_for()
    assert image.evaluate("image => image.naturalWidth") > 400
