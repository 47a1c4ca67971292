"""CasiMedicos-Arg: whole exam cases in IOB, two or three columns, missing options, a .tar.gz read in place."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from build_corpus import Builds, Built
from plain import pointed_at

FORMS = [("casimedicos_arg", "twin"), ("casimedicos_arg", "real"), ("casimedicos_arg_archive", "twin")]
LEADS = {"EN": "The right answer is", "ES": "La respuesta correcta es:"}
SPLITS = {"train": "train", "dev": "validation", "test": "test"}
Case = tuple[str, str, str, str]


@pytest.fixture(scope="module", params=FORMS, ids=["twin", "real", "archive"])
def built(request: pytest.FixtureRequest, builds: Builds) -> Built:
    name, origin = request.param
    return builds(name, origin)


@pytest.fixture(scope="module")
def folder(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the files are, unpacked."""
    import tarfile

    archive = built.folder / "casimedicos-arg.tar.gz"
    if not archive.exists():
        return built.folder
    unpacked = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(archive) as opened:
        opened.extractall(unpacked, filter="data")
    return unpacked


def documents(path: Path) -> list[str]:
    """The text of every case."""
    sentences = path.read_text().strip("\n").split("\n\n")
    lines = [" ".join(line.split(" ")[0] for line in sentence.strip("\n").split("\n")) for sentence in sentences]
    return [f"QUESTION TYPE:{rest}".rstrip("\n") for rest in "\n".join(lines).split("QUESTION TYPE:")[1:]]


def cases(folder: Path, language: str) -> list[Case]:
    """Part, question with options, answer and comment of every case."""
    found = []
    for path in sorted((folder / "casimedicos-arg" / language).iterdir()):
        for text in documents(path):
            head, rest = re.split(r"\n(?=1- )", text, maxsplit=1)
            listed, number, comment = re.split(r"\nCORRECT ANSWER: (\d)\n", rest, maxsplit=1)
            options = [option.split("- ", 1)[1] for option in re.split(r"\n(?=\d- )", listed)]
            said = [f"{letter}: {option}" for letter, option in zip("ABCDE", options, strict=True) if option != "nan"]
            case = head.split("CLINICAL CASE:\n", 1)[1]
            answer = f"{LEADS[language]} {said[int(number) - 1]}"
            found.append((path.stem, "\n".join([case, *said]), answer, comment.strip("\n")))
    return found


@pytest.mark.parametrize(("language", "ending"), [("EN", ""), ("ES", "_es")])
def test_questions_and_explanations(built: Built, folder: Path, language: str, ending: str) -> None:
    expected = cases(folder, language)
    asked = built.task(f"x_casimedicos_question_answering{ending}")
    assert [(r["split"], r["input"], r["outputs"][0], r["explanation"]) for r in asked] == [
        (SPLITS[part], question, answer, comment) for part, question, answer, comment in expected
    ]
    assert built.pairs(f"x_casimedicos_explanation{ending}") == [
        (f"{question}\n{answer}", comment) for _, question, answer, comment in expected
    ]


def test_translations_share_a_subject(built: Built) -> None:
    english = {row["subject"]: row for row in built.task("x_casimedicos_question_answering")}
    for row in built.task("x_casimedicos_question_answering_es"):
        assert re.search(r" ([A-E]): ", row["outputs"][0] + " ").group(1) == re.search(  # type: ignore[union-attr]
            r" ([A-E]): ", english[row["subject"]]["outputs"][0]
        ).group(1)  # type: ignore[union-attr]


@pytest.mark.parametrize(("language", "ending"), [("EN", ""), ("ES", "_es")])
def test_every_component_is_marked_and_named(built: Built, folder: Path, language: str, ending: str) -> None:
    expected = Counter[tuple[str, str]]()
    for path in sorted((folder / "casimedicos-arg" / language).iterdir()):
        for text, tags in zip(documents(path), tags_of(path), strict=True):
            for start, end, kind in spans(text, tags):
                before, after = (part.replace("\n5- nan\n", "\n") for part in (text[:start], text[start:]))
                marked = pointed_at(before + after, len(before), len(before) + end - start, 300)
                expected[marked, kind.lower()] += 1
    found = built.pairs(f"x_casimedicos_argument{ending}")
    assert Counter(found) == expected
    assert not any("- nan" in text or text.count("[[") != 1 for text, _ in found)


def tags_of(path: Path) -> list[list[str]]:
    """Tags of every case, token by token."""
    found: list[list[str]] = []
    lines = [line.split(" ") for line in path.read_text().split("\n") if line]
    for place, (word, tag, *_) in enumerate(lines):
        if word == "QUESTION" and lines[place + 1][0] == "TYPE:":
            found.append([])
        found[-1].append(tag)
    return found


def spans(text: str, tags: list[str]) -> list[tuple[int, int, str]]:
    """Start, end and kind of every component; none runs over a line."""
    found: list[tuple[int, int, str]] = []
    last = ""
    for match, tag in zip(re.finditer(r"[^ \n]+", text), tags, strict=True):
        begins_line = match.start() == 0 or text[match.start() - 1] == "\n"
        if tag.startswith("I-") and last[1:] == tag[1:] and not begins_line:
            start, _, kind = found.pop()
            found.append((start, match.end(), kind))
        elif tag != "O":
            found.append((match.start(), match.end(), tag[2:]))
        last = tag
    return found


def test_counts(built: Built) -> None:
    assert built.faults == built.rejected == []
    if built.origin == "real":
        counts = {file["path"]: file["records"] for file in built.files}
        assert counts == {
            "casimedicos-arg/EN/dev.tsv": 55,
            "casimedicos-arg/EN/train.tsv": 381,
            "casimedicos-arg/ES/dev.tsv": 55,
        }
        assert len(built.task("x_casimedicos_argument")) == 3379 + 1609 + 519 + 222
        assert len(built.task("x_casimedicos_argument_es")) == 518 + 222
        four = [row["input"] for row in built.task("x_casimedicos_question_answering") if "\nE: " not in row["input"]]
        assert len(four) > 50
