"""What tests ask about processes they did not start themselves."""

import psutil


def ended(pid: int) -> bool:
    """Whether a process is gone, or waits only for its parent to ask how it ended."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
