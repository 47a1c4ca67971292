"""Publishing the site: whoever reads finds a whole one, whatever moment a publisher is killed at."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from threading import Event, Thread

PUBLISHER = """
import sys
from itertools import count
from pathlib import Path
from meds_pipeline.home.store import Store
from meds_pipeline.home.work import Work
from meds_pipeline.reports.board.stage import publish

def site(draft):
    for name in ("index.html", "a.html", "deep/b.html"):
        draft.file(f"site/{name}").write_text("page")

store = Store(Path(sys.argv[1]))
print("ready", flush=True)
for number in count():
    store.materialize(Work("leaderboard", "all", str(number % 3), {}, {}, site, publish=publish))
"""


def test_readers_find_a_whole_site_while_publishers_race_and_are_killed(tmp_path: Path) -> None:
    home, over, missed, seen = tmp_path / "home", Event(), list[str](), [0]

    def read() -> None:
        while not over.is_set():
            for name in ("index.html", "a.html", "deep/b.html"):
                seen[0] += 1
                if not (home / "leaderboard" / name).is_file():
                    missed.append(name)

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", PUBLISHER, str(home)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        process.stdout.readline()
        return process

    racing = [start(), start()]
    while not (home / "leaderboard" / "index.html").is_file():
        time.sleep(0.01)
    reader = Thread(target=read)
    reader.start()
    for pause in (0.0, 0.03, 0.07, 0.11):
        time.sleep(pause)
        racing[0].kill()
        racing = [racing[1], start()]
    for process in racing:
        assert process.poll() is None, process.stderr and process.stderr.read()
        process.kill()
        process.wait()
    over.set()
    reader.join()
    assert seen[0] > 100
    assert missed == []
    earlier = [site for site in home.glob(".leaderboard-*") if not site.is_symlink()]
    for site in earlier:
        os.utime(site, (0, 0))
    last = start()
    while any(site.exists() for site in earlier):
        time.sleep(0.05)
    last.kill()
    last.wait()


def test_a_site_is_published_where_a_copy_has_a_folder_in_its_place(tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = subprocess.Popen([sys.executable, "-c", PUBLISHER, str(home)])
    while not (home / "leaderboard" / "index.html").is_file():
        time.sleep(0.01)
    first.kill()
    first.wait()
    shutil.copytree(home, tmp_path / "copy")
    assert not (tmp_path / "copy" / "leaderboard").is_symlink()
    second = subprocess.Popen([sys.executable, "-c", PUBLISHER, str(tmp_path / "copy")])
    while not (tmp_path / "copy" / "leaderboard").is_symlink():
        time.sleep(0.01)
    second.kill()
    second.wait()
    assert (tmp_path / "copy" / "leaderboard" / "index.html").is_file()
