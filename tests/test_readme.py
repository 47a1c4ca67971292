"""The README is true: its commands run, in order, in a copy of the checkout, and leave what it says they leave."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```bash\n(.*?)```", README, re.DOTALL)
COMMANDS = [line.split("  #")[0].strip() for block in BLOCKS for line in block.splitlines() if line.strip()]
ONE_TEST = "make test ARGS='-q -p no:cacheprovider tests/test_readme.py::test_is_short'"
"""`make test` within the tests would never end, so it runs one test there."""
FEW = 20
"""Steps of training, in place of the minute that the demo trains; all else is as a reader of the README has it."""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tracked files whose .venv is this environment: what is tested is not pip."""
    folder = tmp_path_factory.mktemp("checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    venv = folder / ".venv"
    venv.mkdir()
    for part in ("bin", "lib", "pyvenv.cfg"):
        (venv / part).symlink_to(Path(sys.prefix) / part)
    for stamp in (".dev", ".run"):
        (venv / stamp).touch()
    home = folder / "data" / "demo"
    home.mkdir(parents=True)
    (home / "meds.yaml").write_text(yaml.safe_dump({"plans": {"tiny": {"fine_tuning": {"max_steps": FEW}}}}))
    return folder


def test_is_short() -> None:
    assert len(README.splitlines()) < 200


def test_first_two_commands_are_run_and_test() -> None:
    assert COMMANDS[:2] == ["make run", "make test"]


def test_links_and_pictures_exist() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", README)
    missing = [target for target in targets if "://" not in target and not (ROOT / target).is_file()]
    assert missing == []


@pytest.mark.timeout(900)
def test_commands_work_in_order(checkout: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MEDS_")}
    environment.pop("MAKEFLAGS", None)
    printed = {}
    for command in COMMANDS:
        line = ONE_TEST if command == "make test" else command
        done = subprocess.run(
            ["bash", "-c", line], cwd=checkout, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        printed[command] = done.stdout
    home = checkout / "data" / "demo"
    assert (home / "leaderboard" / "index.html").is_file()
    assert (home / "lineage.duckdb").is_file()
    assert str(home / "lineage.duckdb") in printed["make run"]
    assert "tiny-untuned" in printed["make run"]
    again = printed[".venv/bin/meds run"].splitlines()[0]
    assert "unchanged" in again
    assert "built" not in again
