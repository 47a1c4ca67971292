"""Trains the byte-level BPE tokenizer of a model that is made here, and saves it as a `transformers` folder.

Special tokens and chat template follow Llama 3 (`<|start_header_id|>role<|end_header_id|>`, `<|eot_id|>`), and so does
the pattern that cuts text into words, so that a tiny model made here and a Llama 3 base differ in size, not in form.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from meds_pipeline.core.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BEGIN, END = "<|begin_of_text|>", "<|end_of_text|>"
HEADER, HEADER_END, TURN_END = "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"
PAD = "<|pad|>"
SPECIAL_TOKENS = (BEGIN, END, HEADER, HEADER_END, TURN_END, PAD)

# How Llama 3 cuts text before BPE: contractions, words, up to three digits, punctuation, line breaks, blanks.
WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<|start_header_id|>{{ message['role'] }}<|end_header_id|>\n\n"
    "{{ message['content'] }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)


def train_tokenizer(texts: Iterable[str], *, vocab_size: int, path: Path) -> None:
    """Train a tokenizer and save it as a folder that `AutoTokenizer.from_pretrained` loads.

    The same texts give the same bytes at any number of threads: counts are summed and ties go to the lower ids, and the
    256 bytes have fixed ids. All 256 bytes are in the vocabulary, so every text can be encoded and decoded again.

    Args:
        texts: The texts, read once.
        vocab_size: Upper limit of the vocabulary, special tokens and the 256 bytes included.
        path: Folder to write; replaced as a whole when it exists.

    Raises:
        ModelError: `vocab_size` has no room for the bytes and special tokens.
    """
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    if vocab_size < (least := 256 + len(SPECIAL_TOKENS)):
        raise ModelError(f"vocab_size is {vocab_size}.", next_step=f"Set it to {least} or more.")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[AddedToken(token, special=True, normalized=False) for token in SPECIAL_TOKENS],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.encode_special_tokens = True  # a corpus that spells a special token teaches it as plain text
    tokenizer.train_from_iterator(texts, trainer)
    folder = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=BEGIN,
        eos_token=TURN_END,
        pad_token=PAD,
        clean_up_tokenization_spaces=False,
        chat_template=CHAT_TEMPLATE,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as temporary:
        folder.save_pretrained(Path(temporary) / "new")
        if path.exists():
            os.replace(path, Path(temporary) / "old")
        os.replace(Path(temporary) / "new", path)


def sample_texts(samples: Path) -> Iterator[str]:
    """The contents of all messages of a `samples.parquet`, in order.

    Args:
        samples: The training samples (columns `sample_id`, `messages`).
    """
    import pyarrow.parquet as pq

    with pq.ParquetFile(samples) as file:
        for batch in file.iter_batches(batch_size=1024, columns=["messages"]):
            for messages in batch.column("messages").to_pylist():
                yield from (message["content"] for message in messages)
