"""Progress of long work: steps report, whoever runs them may listen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Listener = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and how much there is."""

_listener: ContextVar[Listener | None] = ContextVar("progress_listener", default=None)


def report(what: str, done: int, total: int) -> None:
    """Tell the listener, if there is one."""
    listener = _listener.get()
    if listener is not None:
        listener(what, done, total)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Send reports to `listener` within the block."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def quiet_transformers() -> None:
    """Keep transformers from drawing progress bars of its own across whatever the listener shows."""
    from transformers.utils import logging

    logging.disable_progress_bar()
