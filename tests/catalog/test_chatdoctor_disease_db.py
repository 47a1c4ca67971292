"""ChatDoctor's disease database: Python literals in CSV cells, stray drug names for descriptions, empty lists."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from build_corpus import BOTH, Builds, Built, build
from plain import csv_rows

DIAGNOSIS, TESTS = "x_chatdoctor_disease_db_diagnosis", "x_chatdoctor_disease_db_tests"
DRUGS, EXPLANATION = "x_chatdoctor_disease_db_medications", "x_chatdoctor_disease_db_explanation"


@pytest.fixture(scope="module", params=BOTH)
def built(request: pytest.FixtureRequest, builds: Builds) -> Built:
    return builds("chatdoctor_disease_db", request.param)


@pytest.fixture(scope="module")
def diseases(built: Built) -> list[dict[str, str]]:
    """Rows of the large file; an apostrophe upstream wrote behind a backslash stands alone."""
    rows = csv_rows(built.folder / "format_dataset.csv")
    return [{**row, "disease": row["disease"].replace("\\'", "'")} for row in rows]


def test_symptoms_ask_for_the_disease(built: Built, diseases: list[dict[str, str]]) -> None:
    expected = [("Symptoms: " + "; ".join(ast.literal_eval(row["Symptom"])), row["disease"]) for row in diseases]
    assert built.pairs(DIAGNOSIS) == expected


@pytest.mark.parametrize(("task", "column"), [(TESTS, "TestsAndProcedures"), (DRUGS, "commonMedications")])
def test_lists_become_answers_of_the_ner_form(
    built: Built, diseases: list[dict[str, str]], task: str, column: str
) -> None:
    expected = []
    for row in diseases:
        items = [item.replace(", ", " ").replace("\\'", "'") for item in ast.literal_eval(row[column])]
        asked = f"Disease: {row['disease']}\nSymptoms: {'; '.join(ast.literal_eval(row['Symptom']))}"
        if items:
            expected.append((asked, ", ".join(items) + "."))
    assert built.pairs(task) == expected
    assert not any("\\" in text for pair in built.pairs(task) for text in pair)


def test_descriptions_are_decoded_and_stray_drugs_left_out(built: Built, diseases: list[dict[str, str]]) -> None:
    expected = []
    for row in diseases:
        text = row["reason"].replace("\\'", "'").encode().decode("unicode_escape").encode("latin-1").decode().strip()
        if not text.endswith((",", ":")):
            expected.append((row["disease"], text))
    assert built.pairs(EXPLANATION) == expected
    assert any(not text.isascii() for _, text in expected)
    assert not any("\\x" in text for _, text in expected)


def test_the_small_files_repeat_the_large_one(built: Built, diseases: list[dict[str, str]]) -> None:
    known = {row["disease"]: row["Symptom"] for row in diseases}
    for path in ("Autonomous_ChatGPT_API/disease_database_mini.csv", "Autonomous_ChatDoctor_csv/disease_symptom.csv"):
        rows = csv_rows(built.folder / path)
        assert all(known[row["disease"].replace("\\'", "'")] == row["Symptom"] for row in rows)


def test_all_tasks_share_the_split_of_a_disease(built: Built) -> None:
    by_disease: dict[str, set[str]] = {}
    for task in (DIAGNOSIS, TESTS, DRUGS, EXPLANATION):
        for row in built.task(task):
            by_disease.setdefault(row["subject"], set()).add(row["split"])
    assert all(len(splits) == 1 for splits in by_disease.values())


def test_counts(built: Built) -> None:
    assert built.faults == built.rejected == []
    if built.origin == "real":
        assert built.count("format_dataset.csv") == 796
        assert built.count("Autonomous_ChatGPT_API/disease_database_mini.csv") == 100
        assert built.count("Autonomous_ChatDoctor_csv/disease_symptom.csv") == 12
        sizes = [len(built.task(task)) for task in (DIAGNOSIS, TESTS, DRUGS, EXPLANATION)]
        assert sizes == [796, 794, 796, 665]


def test_the_small_files_add_what_the_large_one_lacks(tmp_path: Path) -> None:
    folder = tmp_path / "raw/chatdoctor_disease_db"
    for place in ("Autonomous_ChatGPT_API", "Autonomous_ChatDoctor_csv"):
        (folder / place).mkdir(parents=True)
    (folder / "format_dataset.csv").write_text(
        "idx,disease,Symptom,reason,TestsAndProcedures,commonMedications\n"
        "0,Gout,['Pain'],A joint disease. ,['X ray'],['Zinc']\n"
    )
    (folder / "Autonomous_ChatGPT_API/disease_database_mini.csv").write_text(
        "idx,disease,Symptom,Medical Tests,Medications\n0,Gout,['Pain'],[],[]\n1,Flu,['Fever'],['Swab'],[]\n"
    )
    (folder / "Autonomous_ChatDoctor_csv/disease_symptom.csv").write_text(
        "disease,Symptom\nFlu,['Fever']\nMumps,['Swelling']\n"
    )
    made = build("chatdoctor_disease_db", "real", tmp_path / "built", real=tmp_path / "raw")
    found = [("Symptoms: Pain", "Gout"), ("Symptoms: Fever", "Flu"), ("Symptoms: Swelling", "Mumps")]
    assert made.pairs(DIAGNOSIS) == found
    assert [answer for _, answer in made.pairs(TESTS)] == ["X ray.", "Swab."]
    assert made.pairs(EXPLANATION) == [("Gout", "A joint disease.")]
