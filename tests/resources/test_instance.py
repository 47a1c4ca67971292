"""The Dagster instance of a home: made once, by however many processes; a damaged database is made anew."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from pathlib import Path

import pytest

from meds_pipeline.core.errors import StoreError
from resources.instance import DATABASES, embedded_instance, instance_folder

OPEN = """
import sys, time
from pathlib import Path
from resources.instance import embedded_instance
time.sleep(max(0, float(sys.argv[2]) - time.time()))
with embedded_instance(Path(sys.argv[1])) as instance:
    instance.add_dynamic_partitions("corpus", [sys.argv[3]])
    instance.get_runs()
"""


def test_processes_that_come_first_together_make_one_whole_instance(tmp_path: Path) -> None:
    at = str(time.time() + 4)
    started = [
        subprocess.Popen([sys.executable, "-c", OPEN, str(tmp_path), at, str(n)], stderr=subprocess.PIPE, text=True)
        for n in range(5)
    ]
    assert [(process.communicate(timeout=120)[1], process.returncode) for process in started] == [("", 0)] * 5
    with embedded_instance(tmp_path) as instance:
        assert set(instance.get_dynamic_partitions("corpus")) == set("01234")
    assert not list((tmp_path / "dagster").rglob("*.damaged-*"))


@pytest.mark.parametrize("name", DATABASES)
@pytest.mark.parametrize("damage", ["garbage", "empty", "cut"])
def test_a_damaged_database_is_moved_aside_named_and_made_anew(
    tmp_path: Path, name: str, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = instance_folder(tmp_path) / name
    was = path.read_bytes()
    damaged = {"garbage": b"no database at all\n" * 300, "empty": b"", "cut": was[: len(was) // 2]}[damage]
    path.write_bytes(damaged)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    with caplog.at_level(logging.WARNING), embedded_instance(tmp_path) as instance:
        instance.add_dynamic_partitions("corpus", ["a"])
        assert instance.get_runs() == []
    assert path.with_name(f"{path.name}.damaged-1").read_bytes() == damaged
    (said,) = [record.getMessage() for record in caplog.records if record.name == "resources.instance"]
    assert str(path) in said
    assert "no data is lost" in said
    assert instance_folder(tmp_path) == path.parents[len(Path(name).parts) - 1], "the new one is whole"


def test_a_home_that_cannot_be_made_names_the_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"file.*cannot be made"):
        instance_folder(tmp_path / "file" / "home")


def test_a_configuration_that_dagster_refuses_is_named(tmp_path: Path) -> None:
    (instance_folder(tmp_path) / "dagster.yaml").write_text("no_such_key: 1\n")
    with pytest.raises(StoreError, match=r"dagster\.yaml.*no_such_key"), embedded_instance(tmp_path):
        pass
