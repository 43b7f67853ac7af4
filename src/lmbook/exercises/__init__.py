"""Checks of a reader's answers: right or not, and why not.

Each chapter's checks live in a module of their own, so that a change to one chapter's
exercises touches that chapter alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from IPython.display import display

Check = Callable[[Any], str | None]
"""Takes an answer; returns None when it is right, else a sentence that helps."""


class Exercises:
    """The exercises of one chapter; call it with a name and an answer.

    Parameters
    ----------
    checks : mapping of str to Check
        A check for each exercise.
    """

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = dict(checks)

    def __call__(self, name: str, answer: object) -> None:
        """Say whether an answer is right, and if not, why.

        Parameters
        ----------
        name : str
            The exercise, ``"cnn-1"`` for instance.
        answer : object
            What the exercise asks for; ``...`` while there is no answer yet.

        Raises
        ------
        KeyError
            There is no exercise of that name; the message lists those there are.
        """
        if name not in self._checks:
            raise KeyError(f"no exercise {name!r}: expected one of {', '.join(self._checks)}")
        passed: bool | None
        if answer is ...:
            passed, message = (
                None,
                "No answer yet: replace the dots with yours and run the cell again.",
            )
        else:
            hint = self._hint(name, answer)
            passed, message = hint is None, "Right." if hint is None else f"Not yet. {hint}"
        display(
            {"text/plain": f"{name}: {message}"},
            metadata={"lmbook": {"exercise": {"name": name, "passed": passed}}},
            raw=True,
        )

    def _hint(self, name: str, answer: object) -> str | None:
        try:
            return self._checks[name](answer)
        except (
            Exception
        ) as error:  # the reader's own code may raise anything: show it as the reason
            return f"Your answer could not be checked: {type(error).__name__}: {error}"
