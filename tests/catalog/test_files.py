"""Files of a record that come in several files or inside an archive: found, identified, read and traced back."""

from __future__ import annotations

import io
import tarfile
import zipfile
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from meds_pipeline.catalog import load_corpus
from meds_pipeline.catalog.paths import compile_pattern
from meds_pipeline.core.errors import CatalogError, RawFileError
from meds_pipeline.home.presence import active
from meds_pipeline.home.workspace import Workspace
from meds_pipeline.lineage.trace import Node, Tracer
from meds_pipeline.steps.checks import check
from meds_pipeline.steps.run import run_step

if TYPE_CHECKING:
    from pathlib import Path

CATALOG = """
corpus: paired
title: Paired
about: Lines with labels in a second file
source: https://example.org
licence: CC0
access: open
tasks:
  x_paired:
    name: paired
    category: Text Classification
    metric: accuracy_substring
    use: both
    definition: Name the label of the line.
distributions:
  paired:
    folder: paired_files
    files:
      lines:
        path: PATH
        reader: lines
        companions: {label: COMPANION}
        options: {roles: {label: lines}}
    recipes:
      x_paired: SELECT source, text AS input, label AS outputs, 'test' AS split FROM lines
"""
PLAIN = ("text/{part}.txt", "labels/{part}.txt")
ZIPPED = ("{part}.zip::text.txt", "{part}.zip::labels.txt")
LINES, LABELS = "first line\nsecond line\n", "odd\neven\n"


def opened(tmp: Path, paths: tuple[str, str]) -> Workspace:
    catalog = tmp / "catalog"
    catalog.mkdir(exist_ok=True)
    (catalog / "paired.yaml").write_text(CATALOG.replace("PATH", f'"{paths[0]}"').replace("COMPANION", f'"{paths[1]}"'))
    return Workspace.open(tmp / "home", tmp / "raw", {"catalog": {"extra": [str(catalog)]}})


def put(tmp: Path, path: str, body: bytes | str) -> Path:
    target = tmp / "raw/paired_files" / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(body.encode() if isinstance(body, str) else body)
    return target


def zipped(members: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return out.getvalue()


def rows(ws: Workspace, asset: str, name: str) -> list[dict[str, Any]]:
    return pq.read_table(run_step(ws, asset, "paired").output.file(name)).to_pylist()


def test_a_companions_bytes_are_part_of_the_identity_and_stand_among_the_raw_files(tmp_path: Path) -> None:
    put(tmp_path, "text/a.txt", LINES)
    labels = put(tmp_path, "labels/a.txt", LABELS)
    ws = opened(tmp_path, PLAIN)
    first = run_step(ws, "raw_corpus", "paired")
    assert [(row["path"], row["records"]) for row in rows(ws, "raw_corpus", "lineage/raw_file.parquet")] == [
        ("text/a.txt", 2),
        ("labels/a.txt", 0),
    ]
    assert run_step(ws, "raw_corpus", "paired").reused
    labels.write_text("odd\nodd\n")
    second = run_step(ws, "raw_corpus", "paired")
    assert second.output.manifest.fingerprint != first.output.manifest.fingerprint
    assert [row["label"] for row in rows(ws, "raw_corpus", "records/lines.parquet")] == ["odd", "odd"]


def test_a_file_whose_companion_is_missing_is_a_fault_and_the_others_go_on(tmp_path: Path) -> None:
    put(tmp_path, "text/a.txt", LINES)
    put(tmp_path, "text/b.txt", LINES)
    put(tmp_path, "labels/b.txt", LABELS)
    ws = opened(tmp_path, PLAIN)
    (fault,) = rows(ws, "raw_corpus", "lineage/record_fault.parquet")
    assert (fault["path"], fault["reason"], fault["record_index"]) == ("text/a.txt", "missing_companion", -1)
    assert {row["part"] for row in rows(ws, "raw_corpus", "records/lines.parquet")} == {"b"}


def test_a_lost_file_refuses_the_corpus_and_files_beside_others_do_not(tmp_path: Path) -> None:
    for part in ("a", "b"):
        put(tmp_path, f"text/{part}.txt", LINES)
        put(tmp_path, f"labels/{part}.txt", LABELS)
    ws = opened(tmp_path, PLAIN)
    run_step(ws, "raw_corpus", "paired")
    assert check(ws, "raw_files", "paired").result.refused == ()
    (tmp_path / "raw/paired_files/labels/a.txt").unlink()
    run_step(ws, "raw_corpus", "paired")
    refused = check(ws, "raw_files", "paired").result.refused
    assert [row["path"] for finding in refused for row in finding.rows] == ["text/a.txt", "text/a.txt"]


def test_one_lost_file_of_many_is_a_fault_within_the_threshold(tmp_path: Path) -> None:
    for number in range(120):
        put(tmp_path, f"text/{number}.txt", LINES)
        if number:
            put(tmp_path, f"labels/{number}.txt", LABELS)
    ws = opened(tmp_path, PLAIN)
    assert len(rows(ws, "raw_corpus", "lineage/record_fault.parquet")) == 1
    assert check(ws, "raw_files", "paired").result.refused == ()


def test_members_are_read_in_place_and_identified_by_their_archive(tmp_path: Path) -> None:
    for part in ("a", "b"):
        put(tmp_path, f"{part}.zip", zipped({"text.txt": LINES, "labels.txt": LABELS, "notes.md": "x"}))
    ws = opened(tmp_path, ZIPPED)
    files = rows(ws, "raw_corpus", "lineage/raw_file.parquet")
    assert [row["path"] for row in files] == [f"{p}.zip::{m}.txt" for p in "ab" for m in ("text", "labels")]
    assert {row["raw_file_id"] for row in files} == {ws.store.hasher.sha256(tmp_path / "raw/paired_files/a.zip")}
    staged = rows(ws, "raw_corpus", "records/lines.parquet")
    assert [(row["part"], row["text"], row["label"]) for row in staged][2:] == [
        ("b", "first line", "odd"),
        ("b", "second line", "even"),
    ]


@pytest.mark.parametrize("paths", [PLAIN, ZIPPED], ids=["plain", "zipped"])
def test_trace_shows_the_record_and_its_part_of_the_companion(tmp_path: Path, paths: tuple[str, str]) -> None:
    for part, labels in (("a", LABELS), ("b", "even\nodd\n")):  # the text files have the same bytes
        if paths is ZIPPED:
            put(tmp_path, f"{part}.zip", zipped({"text.txt": LINES, "labels.txt": labels}))
        else:
            put(tmp_path, f"text/{part}.txt", LINES)
            put(tmp_path, f"labels/{part}.txt", labels)
    ws = opened(tmp_path, paths)
    for asset in ("raw_corpus", "instances", "verdicts"):
        run_step(ws, asset, "paired")
    for asset in ("benchmark", "lineage"):
        run_step(ws, asset, "all")
    found = {(text.splitlines()[0], text.splitlines()[1]) for text in traced(ws)}
    assert found == {(line, f"[label] {label}") for line in LINES.split("\n")[:2] for label in ("odd", "even")}
    changed = tmp_path / "raw/paired_files" / ("labels/a.txt" if paths is PLAIN else "a.zip")
    changed.write_bytes(changed.read_bytes() + b" ")
    assert sum("other bytes now" in text for text in traced(ws)) == 2


def traced(ws: Workspace) -> list[str]:
    items = pq.read_table(ws.store.require("benchmark", "all").file("items.parquet")).column("item_id").to_pylist()
    with Tracer(ws) as tracer:
        return [record.text or "" for item in items for record in leaves(tracer.trace("item", item))]


def leaves(node: Node) -> list[Node]:
    return [node] if node.kind == "record" else [leaf for child in node.children for leaf in leaves(child)]


def test_a_tar_is_listed_and_read_too(tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, body in (("in/text.txt", LINES), ("in/labels.txt", LABELS)):
            member = tarfile.TarInfo(name)
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body.encode()))
    put(tmp_path, "a.tar.gz", out.getvalue())
    ws = opened(tmp_path, ("a.tar.gz::in/{name:text}.txt", "a.tar.gz::in/labels.txt"))
    assert [row["label"] for row in rows(ws, "raw_corpus", "records/lines.parquet")] == ["odd", "even"]


def test_a_broken_archive_is_named_with_its_corpus(tmp_path: Path) -> None:
    put(tmp_path, "a.zip", b"PK\x03\x04 no more")
    ws = opened(tmp_path, ZIPPED)
    with pytest.raises(RawFileError, match=r"corpus paired, file .*a\.zip: cannot be read"):
        active(ws.catalog.corpus("paired"), ws.raw)
    assert "paired" in ws.present_corpora()


def test_a_member_that_breaks_off_is_a_fault(tmp_path: Path) -> None:
    whole = zipped({"text.txt": LINES * 50, "labels.txt": LABELS * 50})
    put(tmp_path, "a.zip", whole.replace(b"second line", b"SECOND LINE", 1))
    (fault,) = rows(opened(tmp_path, ZIPPED), "raw_corpus", "lineage/record_fault.parquet")
    assert (fault["path"], fault["reason"]) == ("a.zip::text.txt", "unreadable")


@pytest.mark.parametrize("companion", ["labels/{other}.txt", "labels/*.txt"])
def test_a_companion_that_cannot_be_found_is_a_catalog_error(tmp_path: Path, companion: str) -> None:
    path = tmp_path / "paired.yaml"
    path.write_text(CATALOG.replace("PATH", '"text/{part}.txt"').replace("COMPANION", f'"{companion}"'))
    with pytest.raises(CatalogError, match=r"companion label.*\{part\}"):
        load_corpus(path)


def test_an_entry_without_its_readers_companion_is_a_catalog_error(tmp_path: Path) -> None:
    put(tmp_path, "text/a.txt", LINES)
    opened(tmp_path, PLAIN)
    yaml = tmp_path / "catalog/paired.yaml"
    yaml.write_text(yaml.read_text().replace('companions: {label: "labels/{part}.txt"}', "companions: {}"))
    workspace = Workspace.open(tmp_path / "home", tmp_path / "raw", {"catalog": {"extra": [str(yaml.parent)]}})
    with pytest.raises(CatalogError, match=r"paired\.yaml:19: .* needs the companions"):
        workspace.catalog.corpus("paired")


def test_words_of_a_part_keep_other_files_out() -> None:
    pattern = compile_pattern("data/{part:train|test_1}.csv")
    assert [bool(pattern.fullmatch(f"data/{name}.csv")) for name in ("train", "test_1", "train_metadata")] == [
        True,
        True,
        False,
    ]
