"""The site in a real browser: the scorer switch, no request beyond the folder, no sideways scrolling on a phone."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from leaderboard_sample import EXAMPLES, sample

from meds_pipeline.reports.board.site import write_leaderboard

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium or google-chrome on the PATH"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    sync_api = pytest.importorskip("playwright.sync_api")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site")
    write_leaderboard(sample(), out)
    return out


def test_the_switch_shows_one_scorer_at_a_time_in_both_tables(browser: Browser, folder: Path) -> None:
    page = browser.new_page()
    page.goto(folder.joinpath("index.html").as_uri())
    assert page.locator("#standings td.score .value").first.is_visible()
    shown = [page.locator("#standings .scorer-1"), page.locator("#tasks .scorer-1")]
    hidden = [page.locator("#standings .scorer-2"), page.locator("#tasks .scorer-2")]
    assert all(table.is_visible() for table in shown)
    assert not any(table.is_visible() for table in hidden)
    page.locator("label.pick-2").first.click()
    assert all(table.is_visible() for table in hidden)
    assert not any(table.is_visible() for table in shown)
    page.close()


def test_a_phone_scrolls_down_only_and_asks_nobody(browser: Browser, folder: Path) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 800})
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    for path in sorted(folder.rglob("*.html")):
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path.name
    assert all(url.startswith("file:") for url in asked)
    assert complaints == []
    page.close()


def test_a_prompt_is_shown_with_every_line_break_and_a_score_leads_to_its_command(
    browser: Browser, folder: Path
) -> None:
    page = browser.new_page()
    page.goto(folder.joinpath("index.html").as_uri())
    page.locator("#tasks .scorer-1 td.score a").first.click()
    assert page.locator("tr:target code").inner_text().startswith("meds trace score ")
    assert page.locator("details pre").first.text_content() == EXAMPLES[0].prompt
    page.close()
