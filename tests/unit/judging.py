"""What the tests of the exercises share: an answer goes in, the verdict comes out."""

from collections.abc import Callable
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output


def verdict_of(check: Callable[[str, Any], None]) -> Callable[[str, Any], tuple[bool, str]]:
    """Turn a chapter's `check` into a function that returns whether it passed, and its words."""

    def verdict(name: str, answer: Any) -> tuple[bool, str]:
        InteractiveShell.instance()
        with capture_output() as captured:
            check(name, answer)
        output = captured.outputs[0]
        return output.metadata["lmbook"]["exercise"]["passed"], output.data["text/plain"]

    return verdict
