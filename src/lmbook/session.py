"""One call that sets up a chapter: profile, device, number format, seeds.

>>> from lmbook import session
>>> s = session.start(profile="smoke", seed=0, device="cpu")
>>> s.pick(smoke=1, book=10, full=50)
1
"""

import os
import random
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from lmbook import folders

PROFILES = ("smoke", "book", "full")

_T = TypeVar("_T")
_SEED_LIMIT = 2**32  # NumPy takes seeds below this


@dataclass(frozen=True, eq=False, repr=False)
class Session:
    """What a chapter needs to know about the run it is part of.

    Attributes
    ----------
    profile : str
        The budget: ``smoke`` (seconds), ``book`` (what the pages show) or ``full`` (a GPU).
    seed : int
        Where all chance in the chapter starts.
    device : torch.device
        Where tensors live.
    dtype : torch.dtype
        What autocast computes in: bfloat16 where the hardware is fast at it, else float32.
    generator : torch.Generator
        Seeded, on the CPU.
    rng : numpy.random.Generator
        Seeded.
    """

    profile: str
    seed: int
    device: torch.device
    dtype: torch.dtype
    generator: torch.Generator
    rng: np.random.Generator

    @property
    def artifacts(self) -> Path:
        """Folder for the models and figures that chapters hand to each other.

        It may not exist yet: who writes makes it.
        """
        return folders.artifacts(self.profile)

    def pick(self, *, smoke: _T, book: _T, full: _T) -> _T:
        """Return the argument that bears the profile's name: one budget for each profile."""
        return {"smoke": smoke, "book": book, "full": full}[self.profile]

    def seeds(self, n: int) -> list[int]:
        """Return ``n`` different seeds, the session's own first: ``seed``, ``seed + 1000``, …."""
        return [(self.seed + 1000 * i) % _SEED_LIMIT for i in range(n)]

    def describe(self) -> str:
        """Return one line that says how the chapter runs."""
        dtype = str(self.dtype).removeprefix("torch.")
        return f"{self.profile} profile · {self.device} · {dtype} · seed {self.seed}"

    def __repr__(self) -> str:
        return self.describe()


def start(profile: str = "book", seed: int = 0, device: str | None = None) -> Session:
    """Seed Python, NumPy and torch, choose a device, and return the session.

    Parameters
    ----------
    profile : str
        One of ``smoke``, ``book``, ``full``.
    seed : int
        From 0 to 2³² − 1.
    device : str, optional
        Such as ``cpu``, ``cuda``, ``cuda:1`` or ``mps``. Without it, the environment variable
        ``LMBOOK_DEVICE`` decides, and without that the accelerator that torch finds, or the CPU.

    Raises
    ------
    ValueError
        If the profile, the seed or the device is unknown, or this machine lacks the device.
    """
    if profile not in PROFILES:
        raise ValueError(
            f"The profile is {profile!r}; expected one of {', '.join(PROFILES)}. "
            "Change it in the chapter's parameters cell, or in `make book PROFILE=…`."
        )
    if not 0 <= seed < _SEED_LIMIT:
        raise ValueError(f"The seed is {seed}; expected a whole number from 0 to {_SEED_LIMIT - 1}")
    chosen = _choose_device(device)
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    return Session(
        profile=profile,
        seed=seed,
        device=chosen,
        dtype=_autocast_dtype(chosen),
        generator=torch.Generator().manual_seed(seed),
        rng=np.random.default_rng(seed),
    )


def _choose_device(requested: str | None) -> torch.device:
    """Return the requested device, or the best there is."""
    found = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    name, said_by = requested, "device"
    if not name:
        name, said_by = os.environ.get("LMBOOK_DEVICE", "").strip(), "LMBOOK_DEVICE"
    if not name:
        return found or torch.device("cpu")

    count = torch.accelerator.device_count() if found else 0
    kind = found.type if found else ""
    here = ["cpu", *([kind] if kind else []), *(f"{kind}:{i}" for i in range(count))]
    advice = f"This machine has {', '.join(here)}. Unset {said_by} to take the best of them."
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ValueError(
            f"{said_by} is {name!r}, which is no device; "
            f"expected cpu, cuda, cuda:<number> or mps. {advice}"
        ) from None
    if str(device) not in (*here, "cpu:0"):
        raise ValueError(f"{said_by} is {name!r}, and this machine has no such device. {advice}")
    return device


def _autocast_dtype(device: torch.device) -> torch.dtype:
    """Return bfloat16 where the hardware has instructions for it, else float32."""
    if device.type == "cuda":
        fast = torch.cuda.get_device_capability(device) >= (8, 0)
    elif device.type == "cpu":
        # A torch too old for this query is treated as if the CPU had no such instructions.
        query = getattr(torch.cpu, "get_capabilities", None)
        has = query() if query else {}
        fast = bool(has.get("amx_bf16") or has.get("avx512_bf16"))
    else:
        fast = False
    return torch.bfloat16 if fast else torch.float32
