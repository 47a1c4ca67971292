"""Nothing a corpus or a file name says steers the terminal it is shown on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meds_pipeline.cli.show_trace import show_tree
from meds_pipeline.core.printable import printable
from meds_pipeline.lineage.node import Node


@given(st.text())
def test_what_is_shown_has_no_control_characters(text: str) -> None:
    shown = printable(text)
    shown.encode()
    assert all(letter in "\n\t" or letter.isprintable() or not letter.isascii() for letter in shown)
    assert printable(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2\u00a0mg of β-blocker\n\tdaily 每日", "2\u00a0mg of β-blocker\n\tdaily 每日"),
        ("\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"),
        ("a\rb\x9bc\x7f", "a\\rb\\x9bc\\x7f"),
        ("safe\u202egpj.exe", "safe\\u202egpj.exe"),
        ("\udce6", "\\udce6"),
    ],
)
def test_steering_characters_are_written_out(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_tree_shows_markup_and_escapes_as_text() -> None:
    tree = show_tree(Node("record", "[bold]x[/]\x1b[31m", {"path": "a\x1bb"}, text="[link=http://x]y\x1b[2J"))
    assert "\x1b" not in tree
    assert "[bold]x[/]\\x1b[31m" in tree
    assert "[link=http://x]y\\x1b[2J" in tree
