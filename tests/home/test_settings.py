"""Settings: nonsense is refused with file and line; what strangers put into a home stops nothing but itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from meds_pipeline.cli.main import cli
from meds_pipeline.core.errors import CatalogError
from meds_pipeline.home.settings import load_settings
from meds_pipeline.home.workspace import Workspace

NONSENSE = """
seed: -1
seed: .nan
threads: 1000000000
workers: 100000
memory_limit: 1KB
memory_limit: 255MB
memory_limit: 0.5GB
sandbox_seconds: .nan
sandbox_seconds: .inf
sandbox_seconds: -5
sandbox_output: 12
nightly: tomorrow
nightly: "61 3 * * *"
nightly: "0 3 * *"
nightly: "0 3 * * * *"
nightly: "0 3 31 2 *"
nightly: "*/0 3 * * *"
nightly: "0 5-3 * * *"
partitions_per_run: 0
partitions_per_run: some
models: 3
plans: 3
catalog: {active: {../x: y}}
benchmark: {items_per_task: 0}
benchmark: {shots: -1}
benchmark: {pool: 100000000000}
benchmark: {release: ../x}
quality: {max_input_chars: -1}
quality: {near_duplicate: .nan}
quality: {near_duplicate: 2}
twins: {records: 1000000000}
plans: {../tiny: {}}
plans: {tiny: {vocabulary: 1}}
plans: {tiny: {sequence_length: 1000000000}}
plans: {tiny: {mixture: {weights: {task124: -1}}}}
plans: {tiny: {mixture: {weights: {task124: .inf}}}}
plans: {tiny: {mixture: {alpha: .nan}}}
plans: {tiny: {mixture: {splits: []}}}
plans: {tiny: {mixture: {shots: -1}}}
plans: {tiny: {fine_tuning: {learning_rate: .inf}}}
plans: {tiny: {fine_tuning: {learning_rate: .nan}}}
plans: {tiny: {fine_tuning: {weight_decay: .inf}}}
plans: {tiny: {fine_tuning: {clip: .nan}}}
plans: {tiny: {fine_tuning: {seed: -1}}}
plans: {tiny: {fine_tuning: {layers: 1000000}}}
models: {a b: {kind: majority, plan: tiny}}
models: {m: {kind: ""}}
models: {m: {kind: endpoint, url: "http://x", timeout: .nan}}
models: {m: {kind: endpoint, url: "http://x", retries: 1000000}}
models: {m: {kind: endpoint, url: "http://x", api_key_variable: "sk-12 3"}}
models: {m: {kind: majority, plan: tiny, max_new_tokens: 1000000000}}
""".strip().splitlines()
GOOD_CRONS = ["0 3 * * *", "*/15 0-6,20 * * mon-fri", "0 0 29 2 *", "5 4 1 JAN 7"]


@pytest.mark.parametrize("text", NONSENSE)
def test_nonsense_is_refused_with_file_and_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "meds.yaml"
    path.write_text(f"# a home\n{text}\n")
    with pytest.raises(CatalogError, match=rf"meds\.yaml:2: {text.split(':')[0]}"):
        load_settings(tmp_path)


@pytest.mark.parametrize("cron", GOOD_CRONS)
def test_a_schedule_may_be_any_that_dagster_keeps(cron: str, tmp_path: Path) -> None:
    from dagster._utils.schedules import is_valid_cron_schedule

    assert load_settings(tmp_path, {"nightly": cron}).nightly == cron
    assert is_valid_cron_schedule(cron)


@pytest.mark.parametrize("name", ["meds.yaml", "models.yaml"])
def test_a_folder_in_the_place_of_settings_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(CatalogError, match=rf"{name}: not a file"):
        load_settings(tmp_path)


def strange(home: Path) -> None:
    """Put into a home what strangers may."""
    folder = home / "submissions"
    folder.mkdir(parents=True)
    (folder / "good.csv").write_text("task_id,input,GT,output\n")
    (folder / "good.jsonl").write_text("")
    (folder / "tiny.csv").write_text("")
    (folder / "a b.csv").write_text("")
    (folder / "folder.csv").mkdir()
    (folder / "gone.csv").symlink_to("nowhere")
    (folder / os.fsdecode(b"\xff\x1b[31m.csv")).write_text("")
    catalog = home / "catalog"
    catalog.mkdir()
    (catalog / "broken.yaml").write_text("corpus: [\n")
    (catalog / "latin.yaml").write_bytes("# é\n".encode("latin-1"))
    (catalog / "folder.yaml").mkdir()
    (catalog / "gone.yaml").symlink_to("nowhere")
    os.mkfifo(catalog / "pipe.yaml")
    (catalog / "deep.yaml").write_text("[" * 100_000)
    (catalog / "bomb.yaml").write_text(
        "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 30))
    )
    with (catalog / "large.yaml").open("wb") as file:
        file.truncate(100_000_000)
    (catalog / os.fsdecode(b"\xff.yaml")).write_text("- 1\n")


def test_what_strangers_put_into_a_home_stops_only_itself(tmp_path: Path) -> None:
    strange(tmp_path)
    home = Workspace.look(tmp_path)
    assert "good" in home.settings.models
    assert len(home.settings.refused) == 6
    assert "submissions/good.csv" in str(next(one for one in home.settings.refused if "good.jsonl" in one.file))
    assert len(home.catalog.faults) == 9
    assert "pubmedqa" in home.catalog.corpora
    for arguments in (["corpora"], ["run", "--dry-run"]):
        done = CliRunner().invoke(cli, [*arguments, "--home", str(tmp_path)])
        assert done.exit_code == 0, (done.exception, done.output)
        assert "\x1b" not in done.output
    assert "a b.csv: no model can have this name. Next: Rename" in done.output


@pytest.mark.parametrize("settings", ["seed: 1\n", "nightly: tomorrow\n", "[", "\xff"])
def test_dagster_finds_the_definitions_whatever_a_home_holds(settings: str, tmp_path: Path) -> None:
    strange(tmp_path)
    (tmp_path / "meds.yaml").write_text(settings, encoding="latin-1")
    code = "from meds_pipeline.definitions import defs; print(len(list(defs.assets)))"
    environment = {**os.environ, "MEDS_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert int(done.stdout) > 3
    assert ("Until then every run of this home fails" in done.stderr) == (settings != "seed: 1\n")


def test_a_file_that_is_no_yaml_keeps_the_folders_it_names_closed(tmp_path: Path) -> None:
    (tmp_path / "catalog").mkdir()
    text = yaml.safe_dump({"corpus": "mine", "access": "credentialed", "distributions": {"x": {"folder": "meqsum"}}})
    (tmp_path / "catalog" / "mine.yaml").write_text(f"{text}\nbroken: [\n")
    found = Workspace.look(tmp_path).catalog.corpora
    assert (found["meqsum"].access, found["pubmedqa"].access) == ("credentialed", "open")


def test_a_choice_may_name_a_corpus_of_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog" / "own.yaml").write_text("corpus: mine\nbroken: [\n")
    (tmp_path / "meds.yaml").write_text("catalog: {active: {mine: form}}\n")
    assert "pubmedqa" in Workspace.look(tmp_path).catalog.corpora
