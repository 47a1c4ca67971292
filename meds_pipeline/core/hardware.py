"""The hardware that torch computes with; sums depend on it, so it is part of an output's fingerprint."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

_GPU_NODES = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
"""Device files of GPU drivers: NVIDIA, AMD, and GPUs in Linux under Windows (WSL)."""


@cache
def device() -> Literal["cpu", "cuda"]:
    """Return the kind of device that torch computes on; torch is slow to import, so a driver is looked for first."""
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
    """Let torch compute on `count` processor threads, whatever the number of processors or the environment says."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
