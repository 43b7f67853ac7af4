"""The session: profiles, devices, seeds."""

import dataclasses
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from lmbook import folders, session

pytestmark = pytest.mark.usefixtures("clean_environment")


def test_budgets_follow_the_profile() -> None:
    budgets = {
        profile: session.start(profile).pick(smoke=1, book=20, full=300)
        for profile in session.PROFILES
    }
    assert budgets == {"smoke": 1, "book": 20, "full": 300}


def test_book_is_the_default_profile() -> None:
    assert session.start().profile == "book"


def test_unknown_profile_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'bok'; expected one of smoke, book, full"):
        session.start("bok")


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_seeds_out_of_range_are_refused(seed: int) -> None:
    with pytest.raises(ValueError, match=f"seed is {seed}; expected a whole number from 0"):
        session.start(seed=seed)


def draws(s: session.Session) -> list[float]:
    return [
        random.random(),
        float(np.random.rand()),
        float(torch.rand(())),
        float(torch.rand((), generator=s.generator)),
        float(s.rng.random()),
    ]


def test_every_source_of_chance_is_seeded() -> None:
    first, again = draws(session.start(seed=7)), draws(session.start(seed=7))
    other = draws(session.start(seed=8))
    assert first == again
    assert all(a != b for a, b in zip(first, other, strict=True))


def test_seeds_are_different_and_start_with_the_sessions_own() -> None:
    seeds = session.start(seed=2**32 - 1).seeds(50)
    assert seeds[0] == 2**32 - 1
    assert len(set(seeds)) == 50
    for seed in seeds:
        session.start(seed=seed)
    assert session.start(seed=0).seeds(3) == [0, 1000, 2000]


def test_a_session_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        session.start().seed = 1  # type: ignore[misc]


def test_it_describes_itself_in_one_line() -> None:
    s = session.start("smoke", seed=3, device="cpu")
    dtype = str(s.dtype).removeprefix("torch.")
    assert repr(s) == s.describe() == f"smoke profile · cpu · {dtype} · seed 3"


def test_the_argument_outranks_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LMBOOK_DEVICE", "no-such-device")
    assert session.start(device="cpu").device == torch.device("cpu")


def test_unknown_device_names_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=r"device is 'gpu', which is no device; expected cpu"):
        session.start(device="gpu")
    monkeypatch.setenv("LMBOOK_DEVICE", "gpu")
    with pytest.raises(ValueError, match=r"LMBOOK_DEVICE is 'gpu'.*This machine has cpu"):
        session.start()


@pytest.mark.parametrize("absent", ["cuda:99", "mps:7", "xpu:9", "meta", "cpu:5"])
def test_a_device_that_is_not_there_is_refused(absent: str) -> None:
    with pytest.raises(ValueError, match=f"'{absent}', and this machine has no such device"):
        session.start(device=absent)


def test_the_default_device_is_the_accelerator_or_the_cpu() -> None:
    expected = "cpu"
    if torch.accelerator.is_available():
        expected = torch.accelerator.current_accelerator().type  # type: ignore[union-attr]
    assert session.start().device.type == expected


def test_without_an_accelerator_the_cpu_is_taken() -> None:
    environment = dict(os.environ, CUDA_VISIBLE_DEVICES="", OMP_NUM_THREADS="1")
    code = "from lmbook import session; print(session.start().device)"
    if torch.backends.mps.is_available():
        pytest.skip("MPS cannot be hidden from a process")
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "cpu"


def test_the_cpu_computes_in_bfloat16_only_with_instructions_for_it() -> None:
    flags = Path("/proc/cpuinfo")
    if not flags.is_file():
        pytest.skip("only Linux lists the CPU's instructions in a file")
    words = set(flags.read_text().split())
    fast = bool(words & {"amx_bf16", "avx512_bf16"})
    if fast and not hasattr(torch.cpu, "get_capabilities"):
        pytest.skip("this torch cannot say what the CPU is capable of")
    expected = torch.bfloat16 if fast else torch.float32
    assert session.start(device="cpu").dtype == expected


@pytest.mark.gpu
def test_a_gpu_computes_in_the_sessions_dtype() -> None:
    if not torch.accelerator.is_available():
        pytest.skip("this machine has no CUDA or MPS device")
    s = session.start()
    layer = torch.nn.Linear(8, 4).to(s.device)
    with torch.autocast(s.device.type, dtype=s.dtype, enabled=s.dtype != torch.float32):
        assert layer(torch.ones(2, 8, device=s.device)).dtype == s.dtype
    assert session.start(device=f"{s.device.type}:0").device.index == 0


def test_artifacts_lie_in_the_cache_unless_the_variable_says_otherwise(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    s = session.start("smoke")
    assert s.artifacts == empty_cache / "artifacts" / "smoke"
    monkeypatch.setenv("LMBOOK_ARTIFACTS", str(tmp_path / "elsewhere"))
    assert s.artifacts == tmp_path / "elsewhere"
    assert not empty_cache.exists()


def test_folders_are_absolute_so_that_a_change_of_directory_does_not_move_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LMBOOK_CACHE", "relative")
    assert folders.cache() == tmp_path / "relative"
    monkeypatch.setenv("LMBOOK_CACHE", "~/book")
    assert folders.cache() == Path.home() / "book"


def test_empty_variables_count_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    default = folders.cache()
    for name in ("CACHE", "DATA", "OFFLINE", "DEVICE", "ARTIFACTS"):
        monkeypatch.setenv(f"LMBOOK_{name}", "")
    assert folders.cache() == default
    assert folders.local_data() is None
    assert folders.hub_allowed()
    assert session.start().artifacts == default / "artifacts" / "book"


@pytest.mark.parametrize(("value", "allowed"), [("1", False), ("true", False), ("0", True)])
def test_offline_means_no_hub(monkeypatch: pytest.MonkeyPatch, value: str, allowed: bool) -> None:
    monkeypatch.setenv("LMBOOK_OFFLINE", value)
    assert folders.hub_allowed() is allowed
