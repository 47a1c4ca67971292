"""The table of corpora is legible at every width: whole names, state, terms, counts and date in one line each."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from meds_pipeline.cli.show_corpora import show_corpora
from meds_pipeline.home.workspace import Workspace
from meds_pipeline.status.corpora import CorpusStatus, statuses

LONG = "a_corpus_whose_name_is_longer_than_any_of_ours"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[CorpusStatus]:
    """All corpora, as if they were built from many records."""
    home = tmp_path_factory.mktemp("home")
    built = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
    counts = {"records": 211_269, "faults": 12_345, "instances": 1_234_567, "rejected": 226}
    return [
        replace(standing, state="not built" if n % 2 else "present", built=built, **counts, problem=None)
        for n, standing in enumerate(statuses(Workspace.look(home)))
    ]


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_every_corpus_has_one_line_with_all_that_matters(found: list[CorpusStatus], width: int) -> None:
    lines = show_corpora(found, width).split("\n\n")[0].splitlines()
    assert max(map(len, lines)) <= width
    assert lines[0].split()[:2] == ["corpus", "state"]
    assert {"licence", "faults", "instances", "built"} < set(lines[0].split())
    for standing in found:
        (line,) = (line for line in lines if line.split()[0] == standing.corpus)
        assert {standing.state, "12,345", "1,234,567", "2026-03-04"} <= {*line.split(), "not built"}
        assert standing.licence.split()[0] in line
        assert standing.state in line


@pytest.mark.parametrize("width", [80, 120, 200])
def test_every_licence_can_be_read_in_full(found: list[CorpusStatus], width: int) -> None:
    text = show_corpora(found, width)
    assert [s.corpus for s in found if s.licence not in text] == []


def test_a_long_name_has_a_line_of_its_own(found: list[CorpusStatus]) -> None:
    lines = show_corpora([replace(found[0], corpus=LONG, distribution=None)], 80).splitlines()
    assert lines[2] == LONG
    assert "2026-03-04" in lines[3]


def test_what_is_there_and_not_used_is_named_with_how_to_use_it(twin_raw: Path, tmp_path: Path) -> None:
    looked = statuses(Workspace.look(tmp_path, twin_raw))
    text = show_corpora(looked, 80)
    assert "\nbc5cdr (bc5cdr_iob) " in text
    assert "bc5cdr is read as bc5cdr_iob; there too, and not used: bc5cdr_pubtator" in text
    one = next(s for s in looked if s.unused)
    assert f"catalog: {{active: {{{one.corpus}: {one.unused[0]}}}}}" in text
    (tmp_path / "meds.yaml").write_text(f"catalog: {{active: {{{one.corpus}: {one.unused[0]}}}}}\n")
    chosen = next(s for s in statuses(Workspace.look(tmp_path, twin_raw)) if s.corpus == one.corpus)
    assert chosen.distribution == one.unused[0]
    assert one.distribution in chosen.unused
