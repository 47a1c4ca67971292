"""What the store promises: an output stands only whole, is made once, and nothing half-made is ever taken for one."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock, Timeout

from meds_pipeline.core.errors import StoreError
from meds_pipeline.core.files import write_atomic
from meds_pipeline.core.outputs import Access, Draft, Output
from meds_pipeline.home import held
from meds_pipeline.home.store import Result, Store
from meds_pipeline.home.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable


def writes(text: str, calls: list[str] | None = None) -> Callable[[Draft], None]:
    def produce(draft: Draft) -> None:
        if calls is not None:
            calls.append(text)
        draft.file("deep/data.txt").write_text(text)
        draft.rows["lines"] = 1

    return produce


def make(
    store: Store,
    produce: Callable[[Draft], None],
    *,
    partition: str = "one",
    version: str = "1",
    inputs: dict[str, Output] | None = None,
    settings: dict[str, object] | None = None,
) -> Result:
    return store.materialize(Work("asset", partition, version, inputs or {}, settings or {}, produce))


def entries(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*")) if folder.is_dir() else []


def test_the_same_question_is_answered_once(tmp_path: Path) -> None:
    calls: list[str] = []
    first = make(Store(tmp_path), writes("a", calls))
    second = make(Store(tmp_path), writes("b", calls))
    assert (first.reused, second.reused) == (False, True)
    assert calls == ["a"]
    assert second.output.manifest == first.output.manifest
    assert second.output.file("deep/data.txt").read_text() == "a"


def test_what_shapes_an_output_gives_it_another_fingerprint(tmp_path: Path) -> None:
    store = Store(tmp_path)
    source = make(store, writes("source"), partition="source").output
    other = make(store, writes("another source"), partition="source", version="2").output
    marks = [
        make(store, writes("x"), version=version, inputs=inputs, settings=settings).output.manifest.fingerprint
        for version, inputs, settings in (
            ("1", {}, {}),
            ("2", {}, {}),
            ("1", {}, {"seed": 1}),
            ("1", {"role": source}, {}),
            ("1", {"role": other}, {}),
            ("1", {"part": source}, {}),
        )
    ]
    assert len(set(marks)) == len(marks)


def test_input_of_the_same_bytes_changes_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    source = make(store, writes("source"), partition="source").output
    again = make(store, writes("source"), partition="source", version="2").output
    assert again.manifest.fingerprint != source.manifest.fingerprint
    make(store, writes("x"), inputs={"role": source})
    assert make(store, writes("x"), inputs={"role": again}).reused


def test_asking_whether_work_is_done_writes_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    source = make(store, writes("source"), partition="source").output
    work = Work("asset", "one", "1", {"role": source}, {"seed": 0}, writes("x"))
    before = entries(tmp_path)
    assert store.standing(work) is None
    assert entries(tmp_path) == before
    made = store.materialize(work).output
    found = store.standing(work)
    assert found is not None
    assert found.manifest == made.manifest


def test_work_says_what_differs_from_an_output_made_before(tmp_path: Path) -> None:
    store = Store(tmp_path)
    source, other = (make(store, writes(text), partition=text).output for text in ("source", "other"))
    settings: dict[str, object] = {"seed": 0, "mixture": {"samples": 3, "weights": {"task1": 1}}}
    made = make(store, writes("x"), inputs={"role": source}, settings=settings).output.manifest
    now = {"seed": 0, "mixture": {"samples": 4, "weights": {"task1": 1, "task2": 2}}}
    work = Work("asset", "one", "2", {"role": other, "more": source}, now, writes("x"))
    assert work.differences(made) == [
        "version of the step: 1 -> 2",
        "input more: new",
        "input role: changed",
        "setting mixture.samples: 3 -> 4",
        "setting mixture.weights.task2: new",
    ]
    assert Work("asset", "one", "1", {"role": source}, settings, None).differences(made) == []


def test_an_output_of_another_store_can_stand_by_a_link(tmp_path: Path) -> None:
    made = make(Store(tmp_path / "a"), writes("a")).output
    aside = Store(tmp_path / "b")
    aside.adopt(made)
    assert make(aside, writes("b")).reused
    assert aside.require("asset", "one").file("deep/data.txt").read_text() == "a"


def _damage(path: Path) -> None:
    path.write_text(path.read_text()[:-1] + "!")


@pytest.mark.parametrize("name", ["deep/data.txt", "manifest.json"])
@pytest.mark.parametrize(
    "harm", [_damage, Path.unlink, lambda path: path.write_text("")], ids=["changed", "gone", "empty"]
)
def test_a_damaged_output_is_made_again(tmp_path: Path, name: str, harm: Callable[[Path], None]) -> None:
    first = make(Store(tmp_path), writes("a")).output
    harm(first.path / name)
    again = make(Store(tmp_path), writes("a"))
    assert not again.reused
    assert again.output.digest == first.digest
    assert again.output.file("deep/data.txt").read_text() == "a"
    assert make(Store(tmp_path), writes("a")).reused


def test_a_damaged_manifest_is_no_current_output(tmp_path: Path) -> None:
    store = Store(tmp_path)
    output = make(store, writes("a")).output
    (output.path / "manifest.json").write_text("{")
    assert store.current("asset", "one") is None
    with pytest.raises(StoreError, match="asset asset has no output for one"):
        store.require("asset", "one")


def test_an_exception_leaves_nothing_and_passes_through(tmp_path: Path) -> None:
    def fails(draft: Draft) -> None:
        draft.file("data.txt").write_text("half")
        raise KeyError("oops")

    store = Store(tmp_path)
    with pytest.raises(KeyError):
        make(store, fails)
    assert entries(tmp_path / "store" / "asset" / "one") == []
    assert store.current("asset", "one") is None
    assert not make(store, writes("a")).reused


def test_a_failed_attempt_keeps_the_last_good_output_current(tmp_path: Path) -> None:
    store = Store(tmp_path)
    good = make(store, writes("a")).output
    with pytest.raises(ZeroDivisionError):
        make(store, lambda draft: 1 // 0, version="2")
    assert store.require("asset", "one").manifest == good.manifest


def test_scratch_outlives_a_failure_and_not_a_success(tmp_path: Path) -> None:
    def interrupted(draft: Draft) -> None:
        (draft.scratch / "checkpoint").write_text("step 3")
        raise KeyboardInterrupt

    def resumes(draft: Draft) -> None:
        draft.file("data.txt").write_text((draft.scratch / "checkpoint").read_text())

    store = Store(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        make(store, interrupted)
    assert make(store, resumes).output.file("data.txt").read_text() == "step 3"
    assert entries(tmp_path / "scratch" / "asset" / "one") == []


def test_a_run_killed_after_its_last_rename_leaves_nothing_either(tmp_path: Path) -> None:
    output = make(Store(tmp_path), writes("a")).output
    left = tmp_path / "scratch" / "asset" / "one" / output.manifest.fingerprint
    left.mkdir()
    (left / "checkpoint").write_text("step 3")
    (tmp_path / "current" / "asset" / "one.txt").unlink()
    assert make(Store(tmp_path), writes("a")).reused
    assert not left.exists()
    assert Store(tmp_path).require("asset", "one").path == output.path


def test_the_pointer_follows_the_newest_request_also_backwards(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first = make(store, writes("a")).output
    second = make(store, writes("b"), version="2").output
    assert store.require("asset", "one").path == second.path
    assert make(store, writes("a")).reused
    assert store.require("asset", "one").path == first.path
    assert [output.manifest.version for output in store.outputs("asset", "one")] == ["1", "2"]
    assert [output.path for output in store.pointers()] == [first.path]


def test_a_file_the_manifest_does_not_name_is_not_given_out(tmp_path: Path) -> None:
    output = make(Store(tmp_path), writes("a")).output
    (output.path / "stray.txt").write_text("x")
    with pytest.raises(StoreError, match=r"stray\.txt"):
        output.file("stray.txt")


def test_a_gone_input_is_named(tmp_path: Path) -> None:
    store = Store(tmp_path)
    source = make(store, writes("source"), partition="source").output
    output = make(store, writes("x"), inputs={"role": source}).output
    assert [o.path for o in store.closure(iter([output]))] == [output.path, source.path]
    (source.path / "manifest.json").unlink()
    with pytest.raises(StoreError, match=r"asset/one: its input asset/source is damaged.*Materialize asset of source"):
        store.closure(iter([output]))


@pytest.mark.parametrize("name", ["", ".", "..", "../up", "a/b", ".hidden", "a\n", "x" * 122, "a b", "ü", "-rf"])
def test_unsafe_names_are_refused(tmp_path: Path, name: str) -> None:
    store = Store(tmp_path / "home")
    with pytest.raises(StoreError, match="cannot name a folder"):
        make(store, writes("a"), partition=name)
    with pytest.raises(StoreError, match="cannot name a folder"):
        store.current("asset", name)
    assert entries(tmp_path) == []


def test_a_lock_held_too_long_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held, "LOCK_SECONDS", 0.2)
    store = Store(tmp_path)
    make(store, writes("a"))
    with FileLock(tmp_path / "locks" / "asset" / "one.lock"), pytest.raises(StoreError, match="asset/one.*Wait for"):
        make(store, writes("b"), version="2")
    assert not make(store, writes("b"), version="2").reused


def test_who_waits_is_told_for_whom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(held, "TOLD_AFTER", 0.1)
    code = (
        "import sys, time; from pathlib import Path; from meds_pipeline.home.held import Held\n"
        "with Held(Path(sys.argv[1]), 'asset/one'):\n    print('held', flush=True)\n    time.sleep(1)"
    )
    path = tmp_path / "locks" / "asset" / "one.lock"
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        assert not make(Store(tmp_path), writes("a")).reused
        assert f"asset/one: waiting for process {other.pid} on " in caplog.text
    assert not path.with_suffix(".json").exists()


def test_write_atomic_replaces_whole_and_leaves_no_other_file(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "x.json"
    write_atomic(target, b"1")
    write_atomic(target, b"22")
    assert target.read_bytes() == b"22"
    assert entries(tmp_path) == ["deep", "deep/x.json"]


PRODUCER = textwrap.dedent(
    """
    import json, sys, time
    from pathlib import Path
    from meds_pipeline.home.store import Store
    from meds_pipeline.home.work import Work

    home, seconds = Path(sys.argv[1]), float(sys.argv[2])

    def produce(draft):
        draft.file("part1.txt").write_text("first")
        with (home / "calls").open("a") as calls:
            calls.write("call\\n")
        time.sleep(seconds)
        draft.file("part2.txt").write_text("second")

    result = Store(home).materialize(Work("asset", "one", "1", {}, {}, produce))
    print(json.dumps([result.reused, result.output.digest]))
    """
)


def _producer(home: Path, seconds: float) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PRODUCER, str(home), str(seconds)], stdout=subprocess.PIPE, text=True
    )


def _wait_for(path: Path) -> None:
    end = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < end, f"{path} never came"
        time.sleep(0.01)


def test_killed_while_writing_and_run_again(tmp_path: Path) -> None:
    undisturbed = _producer(tmp_path / "calm", 0)
    killed = _producer(tmp_path / "home", 60)
    _wait_for(tmp_path / "home" / "calls")
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert entries(tmp_path / "home" / "current") == []
    reused, digest = json.loads(_producer(tmp_path / "home", 0).communicate()[0])
    assert not reused
    assert digest == json.loads(undisturbed.communicate()[0])[1]
    (folder,) = (tmp_path / "home" / "store" / "asset" / "one").iterdir()
    assert entries(folder) == ["manifest.json", "part1.txt", "part2.txt"]
    assert entries(tmp_path / "home" / "scratch" / "asset" / "one") == []


def test_two_processes_make_an_output_once(tmp_path: Path) -> None:
    both = [_producer(tmp_path, 0.5) for _ in range(2)]
    answers = [json.loads(process.communicate()[0]) for process in both]
    assert sorted(reused for reused, _ in answers) == [False, True]
    assert answers[0][1] == answers[1][1]
    assert (tmp_path / "calls").read_text() == "call\n"


def test_nothing_is_made_of_damaged_bytes(tmp_path: Path) -> None:
    store = Store(tmp_path)
    source = make(store, writes("source"), partition="source").output
    _damage(source.file("deep/data.txt"))
    calls: list[str] = []
    with pytest.raises(StoreError, match=r"asset/source: its stored files are damaged.*Materialize asset of source"):
        make(store, writes("x", calls), inputs={"role": source})
    assert calls == []
    mended = make(store, writes("source"), partition="source").output
    assert not make(store, writes("x"), inputs={"role": mended}).reused


def test_what_was_made_while_its_input_changed_is_thrown_away(tmp_path: Path) -> None:
    store = Store(tmp_path)
    source = make(store, writes("source"), partition="source").output

    def disturbed(draft: Draft) -> None:
        draft.file("data.txt").write_text(source.file("deep/data.txt").read_text())
        _damage(source.file("deep/data.txt"))

    with pytest.raises(StoreError, match="asset/source: its stored files are damaged"):
        make(store, disturbed, inputs={"role": source})
    assert entries(tmp_path / "store" / "asset" / "one") == []


@pytest.mark.parametrize(
    ("key", "value"), [("rows", {"lines": 7}), ("digest", "0" * 64), ("files", {}), ("access", "open"), ("seal", "")]
)
def test_an_edited_manifest_is_not_believed(tmp_path: Path, key: str, value: object) -> None:
    def guarded(draft: Draft) -> None:
        draft.access = "registration"
        writes("a")(draft)

    output = make(Store(tmp_path), guarded).output
    path = output.path / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), key: value}))
    store = Store(tmp_path)
    assert store.current("asset", "one") is None
    with pytest.raises(StoreError, match="its stored manifest is damaged"):
        store.last("asset", "one")
    again = make(store, guarded)
    assert not again.reused
    assert again.output.manifest.rows == {"lines": 1}


def test_a_folder_that_is_another_outputs_does_not_stand(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first, second = (make(store, writes(text), partition=text).output for text in ("one", "two"))
    shutil.rmtree(second.path)
    shutil.copytree(first.path, second.path)
    assert store.current("asset", "two") is None


@pytest.mark.parametrize(
    "harm", [lambda output: shutil.rmtree(output.path), lambda output: _damage(output.file("deep/data.txt"))]
)
def test_an_input_is_found_by_its_bytes(tmp_path: Path, harm: Callable[[Output], None]) -> None:
    store = Store(tmp_path)
    first = make(store, writes("source"), partition="source").output
    made = make(store, writes("x"), inputs={"role": first}).output
    again = make(store, writes("source"), partition="source", version="2").output  # the same bytes, another name
    harm(first)
    assert make(store, writes("x"), inputs={"role": again}).reused
    assert store.input_of(made, "role").path == again.path
    (one, source) = store.closure(iter([made]))
    assert (one.path, source.path) == (made.path, again.path)
    assert one.manifest.inputs["role"].fingerprint == again.manifest.fingerprint


def test_an_output_has_the_strictest_class_of_what_it_is_made_of(tmp_path: Path) -> None:
    def guarded(draft: Draft) -> None:
        draft.access = "credentialed"
        writes("a")(draft)

    store = Store(tmp_path)
    plain = make(store, writes("b"), partition="plain").output
    secret = make(store, guarded, partition="secret").output
    both = make(store, writes("c"), inputs={"a": plain, "b": secret}).output
    assert (plain.access, secret.access, both.access) == ("open", "credentialed", "credentialed")

    def modes(output: Output) -> set[int]:
        return {path.stat().st_mode & 0o077 for path in (output.path, *output.path.rglob("*"))}

    assert modes(both) == modes(secret) == {0}
    assert 0o044 & min(modes(plain))


def test_the_work_is_asked_for_while_nobody_else_writes(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first = Work("asset", "one", "1", {}, {}, writes("a"))

    def ask() -> Work:
        with pytest.raises(Timeout):
            FileLock(tmp_path / "locks" / "asset" / "one.lock").acquire(timeout=0)
        return first

    published: list[str] = []
    assert not store.bring_up("asset", "one", ask).reused
    work = Work("asset", "one", "1", {}, {}, None, publish=lambda output, home: published.append(output.digest))
    assert store.bring_up("asset", "one", lambda: work).reused
    assert published == [store.require("asset", "one").digest]


def test_an_input_of_equal_bytes_stands_in_where_the_named_ones_own_input_is_gone(tmp_path: Path) -> None:
    store = Store(tmp_path)
    old, new = (make(store, writes(text), partition="release", version=text).output for text in ("old", "new"))
    before = make(store, writes("same"), partition="screen", inputs={"role": old}).output
    kept = make(store, writes("set"), inputs={"role": before}).output
    shutil.rmtree(old.path)
    with pytest.raises(StoreError, match="asset/screen: its input asset/release is gone"):
        store.closure(iter([kept]))
    now = make(store, writes("same"), partition="screen", inputs={"role": new}).output
    assert make(store, writes("set"), inputs={"role": now}).reused
    assert {output.path for output in store.closure(iter([kept]))} == {kept.path, now.path, new.path}


def test_text_that_became_less_open_is_written_anew_for_its_owner_only(tmp_path: Path) -> None:
    store = Store(tmp_path)

    def read(access: Access) -> Output:
        def produce(draft: Draft) -> None:
            draft.access = access
            writes("text")(draft)

        return make(store, produce, partition="source", settings={"access": access}).output

    first = make(store, writes("x"), inputs={"role": read("open")}).output
    later = make(store, writes("x"), inputs={"role": read("credentialed")}).output
    assert (first.access, later.access) == ("open", "credentialed")
    assert first.digest == later.digest
