"""Chat encoding with templates that are not ours; with ours it is tested in tests/training/test_tokenizer.py."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from transformers import AutoTokenizer

from meds_pipeline.core.errors import ModelError
from meds_pipeline.instructions.chat import ChatTokenizer
from meds_pipeline.training.tokenizer import train_tokenizer

if TYPE_CHECKING:
    from meds_pipeline.instructions.prompts import Message

CHATML = (
    "{% for m in messages %}<|start_header_id|>{{ m['role'] }}\n{{ m['content'] | trim }}<|eot_id|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant\n{% endif %}"
)
ONE_USER_MESSAGE = "{{ bos_token }}{{ messages[-1]['content'] }}"
CHAT: list[Message] = [
    {"role": "system", "content": " Say yes or no.\n"},
    {"role": "user", "content": "Is it <|eot_id|>?"},
    {"role": "assistant", "content": "yes"},
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("chat") / "tokenizer"
    train_tokenizer(["Say yes or no. assistant user system"] * 3, vocab_size=300, path=path)
    return path


def with_template(folder: Path, template: str | None, target: Path) -> Path:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.chat_template = template
    tokenizer.save_pretrained(target)
    return target


def test_a_template_that_strips_contents_and_ends_turns_with_more_than_one_token(folder: Path, tmp_path: Path) -> None:
    chats = ChatTokenizer(with_template(folder, CHATML, tmp_path / "t"))
    ids, answer = chats.encode([CHAT])[0].flat()
    assert chats.hf.decode(ids) == (
        "<|start_header_id|>system\nSay yes or no.<|eot_id|>\n<|start_header_id|>user\nIs it <|eot_id|>?<|eot_id|>\n"
        "<|start_header_id|>assistant\nyes<|eot_id|>\n"
    )
    assert chats.hf.decode([i for i, said in zip(ids, answer, strict=True) if said]) == "yes<|eot_id|>"
    assert ids.count(chats.hf.eos_token_id) == 3, "the one in the question is text"


def test_a_prompt_ends_where_the_answer_begins(folder: Path, tmp_path: Path) -> None:
    chats = ChatTokenizer(with_template(folder, CHATML, tmp_path / "t"))
    (prompt,) = chats.encode([CHAT[:2]], prompt=True)
    ids, answer = prompt.flat()
    whole, _ = chats.encode([CHAT])[0].flat()
    assert whole[: len(ids)] == ids
    assert not any(answer)
    assert chats.count(CHAT[:2]) == len(ids)


def test_a_template_that_leaves_messages_out_is_refused(folder: Path, tmp_path: Path) -> None:
    chats = ChatTokenizer(with_template(folder, ONE_USER_MESSAGE, tmp_path / "t"))
    with pytest.raises(ModelError, match="message by message"):
        chats.encode([CHAT])


def test_a_tokenizer_without_template_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no chat template"):
        ChatTokenizer(with_template(folder, None, tmp_path / "t"))


def test_a_folder_without_tokenizer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no fast tokenizer"):
        ChatTokenizer(tmp_path)
