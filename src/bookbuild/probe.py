"""What a kernel knows about its machine and data; runs in the kernel, after the chapter."""

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

_SHOWN = ("torch", "torchvision", "numpy", "datasets", "transformers")


def report(namespace: Mapping[str, Any], package: str) -> dict[str, Any]:
    """Describe the run that a namespace comes from.

    Parameters
    ----------
    namespace : mapping
        The chapter's variables: its ``Session`` says on which device it ran, its data sets say
        where they came from (attribute ``source``).
    package : str
        The package that defines them.

    Returns
    -------
    dict
        ``processor`` (name of the device in words), ``versions`` (of what was imported) and
        ``data`` (name of the loader to source).
    """
    values = list(namespace.values())
    modules = [(value, type(value).__module__ or "") for value in values]
    device = next((v.device for v, m in modules if m == f"{package}.session"), None)
    data = {
        module.rpartition(".")[2]: str(value.source)
        for value, module in modules
        if module.startswith(f"{package}.data.") and hasattr(value, "source")
    }
    versions = {"python": platform.python_version()}
    for name in _SHOWN:
        if name in sys.modules:
            versions[name] = metadata.version(name)
    return {"processor": _processor(device), "versions": versions, "data": data}


def _processor(device: Any) -> str:
    kind = getattr(device, "type", "cpu")
    if kind == "cuda":
        torch = sys.modules["torch"]
        return str(torch.cuda.get_device_name(device))
    if kind == "mps":
        return f"Apple GPU of {_cpu()}"
    return _cpu()


def _cpu() -> str:
    """Name the CPU as its maker does, as far as the system tells."""
    information = Path("/proc/cpuinfo")
    if information.is_file():
        for line in information.read_text("utf-8", "replace").splitlines():
            if line.lower().startswith("model name"):
                name = line.partition(":")[2].strip()
                if name and name != "unknown":
                    return " ".join(name.replace("(R)", "").replace("(TM)", "").split())
    if sys.platform == "darwin":
        answer = subprocess.run(
            ["sysctl", "-n", "machdep.cpu.brand_string"],
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.stdout.strip():
            return answer.stdout.strip()
    return platform.processor() or platform.machine()
