"""Reads upstream files with a few lines of plain Python: what recipes are held against, sharing no code with them."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any


def csv_rows(path: Path, *, encoding: str = "utf-8", delimiter: str = ",") -> list[dict[str, str]]:
    """Rows of a delimited file by column."""
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def sentences(path: Path) -> list[list[tuple[str, str]]]:
    """Sentences of an IOB file as (token, tag)."""
    blocks = path.read_text(encoding="utf-8").strip("\n").split("\n\n")
    return [[(line.split("\t")[0], line.split("\t")[1]) for line in block.split("\n")] for block in blocks]


def mentions(sentence: list[tuple[str, str]]) -> list[str]:
    """Entities of a sentence in IOB2, in order of first appearance."""
    found: list[list[str]] = []
    for token, tag in sentence:
        if tag.startswith("B-"):
            found.append([])
        if tag != "O":
            found[-1].append(token)
    return list(dict.fromkeys(" ".join(tokens) for tokens in found))


def json_records(path: Path) -> Any:
    """The content of a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def blanks_cut(text: str) -> str:
    """A text without blanks around it."""
    return text.strip(" \t\r\n\xa0")


def single(text: str) -> str:
    """A text whose own double square brackets became single."""
    return text.replace("[[", "[").replace("]]", "]")


def pointed_at(text: str, start: int, end: int, width: int) -> str:
    """A span between double square brackets with its surroundings; a word cut in two is left out."""
    before, behind = text[:start], text[end:]
    if len(before) > width:
        before = "... " + re.sub(r"^\S*\s+", "", before[-width:], flags=re.ASCII)
    if len(behind) > width:
        behind = re.sub(r"\s+\S*\Z", "", behind[:width], flags=re.ASCII) + " ..."
    return blanks_cut(f"{single(before)}[[{single(text[start:end])}]]{single(behind)}")
