"""What torch computes with. Sums depend on it, so it is part of what an output is known by."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

_GPU_NODES = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
"""Where the drivers of GPUs are found: NVIDIA's, AMD's, and those of the Linux below Windows."""


@cache
def device() -> Literal["cpu", "cuda"]:
    """Return the kind of device that torch computes on here; torch, slow to import, is asked where one may be a GPU."""
    if not any(Path(node).exists() for node in _GPU_NODES):
        return "cpu"
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def device_name() -> str:
    """Return the name of the device, for people."""
    if device() == "cpu":
        return "cpu"
    import torch

    return torch.cuda.get_device_name()


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Let torch compute on so many processor threads, whatever processors and environment offer."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
