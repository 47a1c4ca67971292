from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_samples import chat, write_samples

from meds_pipeline.core.errors import ModelError
from meds_pipeline.instructions.chat import ChatTokenizer
from meds_pipeline.training import packing
from meds_pipeline.training.packing import Packed, best_fit, pack

LENGTH = 256


@given(st.lists(st.integers(1, 50), max_size=80))
def test_best_fit_places_every_item_once_and_fills_no_bin_over(lengths: list[int]) -> None:
    bins = best_fit(lengths, 50)
    assert sorted(item for members in bins for item in members) == list(range(len(lengths)))
    rooms = [50 - sum(lengths[item] for item in members) for members in bins]
    assert all(room >= 0 for room in rooms)
    # A bin is opened only for an item that fits none of the earlier ones.
    for later, members in enumerate(bins):
        assert all(lengths[members[0]] > room for room in rooms[:later])


def test_every_sample_is_in_the_ledger_once_and_its_tokens_are_where_it_says(
    packed: Packed, samples: Path, chats: ChatTokenizer
) -> None:
    rows = pq.read_table(packed.sequences).to_pylist()
    ledger = pq.read_table(packed.ledger).to_pylist()
    source = {row["sample_id"]: row["messages"] for row in pq.read_table(samples).to_pylist()}
    assert sorted(entry["sample_id"] for entry in ledger) == sorted(source)
    for entry in ledger:
        row, span = rows[entry["sequence"]], slice(entry["start"], entry["start"] + entry["length"])
        ids, answer = chats.encode([source[entry["sample_id"]]])[0].flat()
        assert row["input_ids"][span] == ids
        assert row["loss_mask"][span] == answer
        assert row["segment_ids"][span] == [entry["slot"]] * len(ids)
    assert sum(len(row["input_ids"]) for row in rows) == packed.tokens
    assert max(len(row["input_ids"]) for row in rows) <= LENGTH
    assert packed.fill > 0.85


def test_loss_mask_is_the_answer_and_the_end_of_its_turn(chats: ChatTokenizer) -> None:
    ids, answer = chats.encode([chat(1)])[0].flat()
    learnt = [token for token, learn in zip(ids, answer, strict=True) if learn]
    assert chats.hf.decode(learnt) == "no, not at all<|eot_id|>"


@pytest.mark.parametrize("window", [packing.WINDOW, 50])
def test_any_number_of_workers_writes_the_same_bytes(
    samples: Path, tokenizer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, window: int
) -> None:
    monkeypatch.setattr(packing, "WINDOW", window)
    monkeypatch.setattr(packing, "CHUNK", 7)
    one = pack(samples, tokenizer, tmp_path / "1", sequence_length=LENGTH, seed=0, workers=1)
    many = pack(samples, tokenizer, tmp_path / "3", sequence_length=LENGTH, seed=0, workers=3)
    assert one.sequences.read_bytes() == many.sequences.read_bytes()
    assert one.ledger.read_bytes() == many.ledger.read_bytes()


def test_windows_keep_the_training_order(
    samples: Path, tokenizer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "WINDOW", 40)
    ledger = pq.read_table(pack(samples, tokenizer, tmp_path, sequence_length=LENGTH, seed=0).ledger).to_pylist()
    windows = [int(entry["sample_id"][1:]) // 40 for entry in ledger]
    assert windows == sorted(windows)


def test_seed_changes_the_order_of_sequences_only(
    packed: Packed, samples: Path, tokenizer: Path, tmp_path: Path
) -> None:
    other = pack(samples, tokenizer, tmp_path, sequence_length=LENGTH, seed=1)
    here, there = (pq.read_table(p.sequences)["input_ids"].to_pylist() for p in (packed, other))
    assert here != there
    assert sorted(here) == sorted(there)


def test_a_sample_too_long_loses_its_shots_and_keeps_its_answer(tokenizer: Path, tmp_path: Path) -> None:
    samples = write_samples(tmp_path / "s.parquet", [chat(1, shots=40), chat(2)])
    packed = pack(samples, tokenizer, tmp_path, sequence_length=128, seed=0)
    assert (packed.truncated, packed.sample_count) == (1, 2)
    ledger = pq.read_table(packed.ledger).to_pylist()
    cut = next(entry for entry in ledger if entry["truncated"])
    assert (cut["sample_id"], cut["length"]) == ("s00000", 128)
    row = pq.read_table(packed.sequences).to_pylist()[cut["sequence"]]
    text = ChatTokenizer(tokenizer).hf.decode(row["input_ids"])
    assert "Does the drug help?" in text
    assert text.endswith("no, not at all<|eot_id|>")
    assert "Case 0" not in text


def test_an_answer_too_long_by_itself_loses_its_end(tokenizer: Path, tmp_path: Path) -> None:
    messages = chat(0)
    messages[-1]["content"] = "first " + "word " * 500
    packed = pack(write_samples(tmp_path / "s.parquet", [messages]), tokenizer, tmp_path, sequence_length=64, seed=0)
    (row,) = pq.read_table(packed.sequences).to_pylist()
    text = ChatTokenizer(tokenizer).hf.decode(row["input_ids"])
    assert packed.truncated == 1
    assert "first word" in text
    assert not text.endswith("<|eot_id|>")


def test_no_room_for_an_answer_names_the_sample(samples: Path, tokenizer: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="s00000"):
        pack(samples, tokenizer, tmp_path, sequence_length=8, seed=0)
    assert not list(tmp_path.iterdir()), "nothing half-written stays"


def test_no_samples_is_an_error(tokenizer: Path, tmp_path: Path) -> None:
    empty = tmp_path / "s.parquet"
    write_samples(empty, [chat(0)])
    pq.write_table(pq.read_table(empty).slice(0, 0), empty)
    with pytest.raises(ModelError, match="no samples"):
        pack(empty, tokenizer, tmp_path / "out", sequence_length=64, seed=0)
