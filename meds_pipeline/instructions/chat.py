"""Chat messages to token ids, by a tokenizer's own chat template; text in a message never becomes a special token.

Corpus text is untrusted: it may contain `<|eot_id|>`. If a rendered chat were encoded as one string, this text would
become a real end of turn. So the template is rendered once per sequence of roles, with placeholders for the contents.
The text that the template adds is encoded with special tokens; the contents are always encoded as plain text.
"""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from meds_pipeline.core.errors import ModelError, Where
from meds_pipeline.core.pretrained import load_tokenizer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from meds_pipeline.instructions.prompts import Message, Role


@dataclass(frozen=True, slots=True)
class Encoded:
    """A chat as tokens, in pieces.

    Attributes:
        scaffold: The ids that the template puts before each content, and after the last one; so it has one list more
            than `contents`.
        contents: The ids of each message's content.
        roles: The role of each message.
    """

    scaffold: tuple[tuple[int, ...], ...]
    contents: list[list[int]]
    roles: tuple[Role, ...]

    @property
    def length(self) -> int:
        """Number of tokens."""
        return sum(map(len, self.scaffold)) + sum(map(len, self.contents))

    def flat(self) -> tuple[list[int], list[int]]:
        """All ids, and a mask: 1 for each id of an answer (its content and the token that ends the turn), else 0."""
        ids, answer = list(self.scaffold[0]), [0] * len(self.scaffold[0])
        for role, content, after in zip(self.roles, self.contents, self.scaffold[1:], strict=True):
            said = int(role == "assistant")
            ids += [*content, *after]
            answer += [said] * len(content) + ([said] + [0] * (len(after) - 1) if after else [])
        return ids, answer


class ChatTokenizer:
    """A tokenizer folder with a chat template.

    Attributes:
        path: The folder.
        hf: The `transformers` tokenizer, for decoding and for the ids of special tokens.
        template_digest: md5 of the chat template.
    """

    def __init__(self, path: Path) -> None:
        from tokenizers import Tokenizer

        self.hf = load_tokenizer(path)
        if not self.hf.is_fast:
            raise ModelError("it has no fast tokenizer.", Where(file=str(path)), "Add tokenizer.json.")
        self._plain = Tokenizer.from_str(self.hf.backend_tokenizer.to_str())
        if not self.hf.chat_template:
            raise ModelError("The tokenizer has no chat template.", Where(file=str(path)), "Add chat_template.jinja.")
        self.path = path
        self.template_digest = hashlib.md5(str(self.hf.chat_template).encode(), usedforsecurity=False).hexdigest()
        self._plain.encode_special_tokens = True  # special tokens spelt out in text stay text
        self._plain.no_truncation()
        self._plain.no_padding()
        self._shape = functools.cache(self._render_shape)

    def encode(self, chats: Sequence[Sequence[Message]], *, prompt: bool = False) -> list[Encoded]:
        """Encode chats.

        Args:
            chats: Messages of each chat.
            prompt: Whether to end with the tokens that the template puts before an answer (for generation).
        """
        shapes = [self._shape(tuple(m["role"] for m in chat), prompt) for chat in chats]
        texts = [
            message["content"].strip() if trims else message["content"]
            for (_, trims), chat in zip(shapes, chats, strict=True)
            for message in chat
        ]
        ids = iter([e.ids for e in self._plain.encode_batch_fast(texts, add_special_tokens=False)])
        return [
            Encoded(scaffold, [next(ids) for _ in chat], tuple(m["role"] for m in chat))
            for (scaffold, _), chat in zip(shapes, chats, strict=True)
        ]

    def count(self, messages: Sequence[Message]) -> int:
        """Tokens of a prompt, generation prompt included."""
        return self.encode([messages], prompt=True)[0].length

    def decode(self, ids: Sequence[int]) -> str:
        """Text of generated ids, special tokens left out."""
        text: str = self.hf.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return text

    def _render_shape(self, roles: tuple[Role, ...], prompt: bool) -> tuple[tuple[tuple[int, ...], ...], bool]:
        """The ids around the contents of a chat with these roles, and whether the template strips contents."""
        marks = [f"\u2402{i}\u2403" for i in range(len(roles))]
        messages = [{"role": r, "content": f"\t{m}\t"} for r, m in zip(roles, marks, strict=True)]
        text = self.hf.apply_chat_template(messages, tokenize=False, add_generation_prompt=prompt)
        trims = f"\t{marks[0]}\t" not in text
        pieces: list[str] = []
        for mark in marks:
            before, found, text = text.partition(mark if trims else f"\t{mark}\t")
            if not found:
                raise ModelError(
                    f"The chat template does not print a chat of {', '.join(roles)} message by message.",
                    Where(file=str(self.path)),
                    "Use a template that prints every message once and in order.",
                )
            pieces.append(before)
        encoded = [self.hf.encode(p, add_special_tokens=False) for p in [*pieces, text]]
        return tuple(map(tuple, encoded)), trims
