"""What ends `meds run` and `meds ui` before or while they work: one line, an exit code, no traceback."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

MEDS = (sys.executable, "-m", "meds_pipeline")


@pytest.mark.parametrize("command", [("run", "--quiet"), ("ui", "--port", "0"), ("env",)])
def test_a_home_that_cannot_be_made(tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "file").touch()
    done = subprocess.run(
        [*MEDS, *command, "--home", str(tmp_path / "file" / "home")], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"Error: file {tmp_path / 'file' / 'home'}")
    assert "Not a directory" in line


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        options = ["--home", str(tmp_path / "home"), "--port", str(taken.getsockname()[1])]
        done = subprocess.run([*MEDS, "ui", *options], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "Address already in use" in line
    assert "Give another --port" in line


def test_an_interrupted_run(tmp_path: Path) -> None:
    home = tmp_path / "home"
    process = subprocess.Popen(
        [*MEDS, "run", "--quiet", "--home", str(home)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    end = time.monotonic() + 60
    while not (home / "store").is_dir() and time.monotonic() < end:
        time.sleep(0.1)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "Interrupted. What was finished stays.\n")
