"""A step's code may not change under its old version: outputs that stand would be taken for what it writes now."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from meds_pipeline.steps import STEPS
from meds_pipeline.steps.lock import PACKAGE, as_they_are, code_digest, files, unlocked

# Imported by the code of steps, but no part of what decides their bytes.
SHARED = (
    *("core/errors.py", "core/events.py", "core/files.py", "core/outputs.py", "core/digests.py"),
    *("home", "steps", "lineage/builds.py"),  # a change there changes every fingerprint by itself
    *("catalog/model.py", "training/plan.py", "models/spec.py"),  # what they hold enters fingerprints as settings
)
# Imported beside what a step uses of a module.
UNUSED = {
    "instances": {"catalog/paths.py", "readers"},  # only the names of the address columns
    "duplicates": {"scoring/registry.py"},  # names the category of an item
    "split_proof": {"quality/near.py", "scoring/registry.py"},
    "contamination": {"scoring/registry.py"},
    "training_set": {"quality/near.py", "scoring/registry.py"},
    "packed_training_set": {
        *("training/finetune.py", "training/batches.py", "training/checkpoints.py", "core/hardware.py"),
    },
    "fine_tuned_model": {"training/tokenizer.py", "training/packing.py", "instructions/chat.py"},
    "predictions": {"training"},  # init_model and base_folder alone
    "leaderboard": {"lineage/builds.py"},  # the build's id is among its settings
}


def test_every_step_is_as_the_lock_has_it() -> None:
    assert unlocked() == [], "see above; `make versions` writes steps.lock"


@pytest.mark.parametrize("asset", STEPS)
def test_every_path_of_a_steps_code_is_there(asset: str) -> None:
    assert all(file.is_file() for file in files(STEPS[asset].code))


@pytest.mark.parametrize("asset", STEPS)
def test_all_that_a_step_imports_is_among_its_code(asset: str) -> None:
    waiting, seen = _imports(PACKAGE / "steps" / f"{asset}.py"), set[str]()
    while waiting:
        module = waiting.pop()
        if module not in seen and not _below(module, SHARED):
            seen.add(module)
            waiting |= _imports(PACKAGE / module)
    covered = (*STEPS[asset].code, *UNUSED.get(asset, ()))
    assert {module for module in seen if not _below(module, covered)} == set()


def test_a_change_is_named_with_what_to_do(tmp_path: Path) -> None:
    lock = tmp_path / "steps.lock"
    now = as_they_are()
    moved = {
        **now,
        "verdicts": {**now["verdicts"], "code": "0"},
        "scores": {**now["scores"], "version": "0"},
        "gone": {},
    }
    del moved["lineage"]
    lock.write_text(json.dumps(moved))
    found = {sentence.partition(":")[0]: sentence for sentence in unlocked(lock)}
    assert set(found) == {"verdicts", "scores", "gone", "lineage"}
    assert "raise its version" in found["verdicts"]
    assert "is not in the lock yet" in found["scores"]
    assert all("make versions" in sentence for sentence in found.values())


PYTHON = "def f(x: int) -> int:\n    return x + 1\n"
SQL = "SELECT a, '--b  c' AS d FROM t\n"


@pytest.mark.parametrize(
    ("name", "before", "after", "same"),
    [
        (
            "a.py",
            PYTHON,
            '"""Module."""\n\n# Why.\ndef f(x: int) -> int:\n    """Says it."""\n    return (x + 1)  # so\n',
            True,
        ),
        ("a.py", PYTHON + "Y = 1\n", PYTHON + 'Y = 1\n"""What Y is."""\n', True),
        ("a.py", PYTHON, PYTHON.replace("+ 1", "+ 2"), False),
        ("a.py", PYTHON, PYTHON.replace("x + 1", "'x'"), False),
        ("a.py", PYTHON, PYTHON.replace("int", "float"), False),
        ("a.sql", SQL, "-- About.\nSELECT a, -- the first\n       '--b  c' AS d\nFROM t;\n".replace(";", ""), True),
        ("a.sql", SQL, SQL.replace("'--b  c'", "'--b c'"), False),
        ("a.sql", SQL, SQL.replace("a,", "b,"), False),
        ("a.yaml", "a: 1\n", "a: 2\n", False),
    ],
)
def test_digests_see_what_code_does(tmp_path: Path, name: str, before: str, after: str, same: bool) -> None:
    (tmp_path / name).write_text(before)
    first = code_digest([name], tmp_path)
    (tmp_path / name).write_text(after)
    assert (code_digest([name], tmp_path) == first) is same


def test_digests_see_new_files_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "a.py").write_text(PYTHON)
    first = code_digest(["code"], tmp_path)
    (tmp_path / "code" / "b.py").write_text("")
    assert code_digest(["code"], tmp_path) != first
    with pytest.raises(FileNotFoundError):
        code_digest(["nosuch"], tmp_path)


def _below(module: str, paths: Iterable[str]) -> bool:
    return any(module == path or module.startswith(f"{path}/") for path in paths)


def _imports(path: Path) -> set[str]:
    """Return files of the package that a file imports when it runs, its functions included."""
    found: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(path.read_text())]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("meds_pipeline"):
            module = PACKAGE.parent / str(node.module).replace(".", "/")
            for name in node.names:
                candidates = (module / f"{name.name}.py", module.with_suffix(".py"), module / "__init__.py")
                found.add(next(c for c in candidates if c.is_file()).relative_to(PACKAGE).as_posix())
        waiting.extend(ast.iter_child_nodes(node))
    return found
