"""Numbers that are checked, recorded for the status page, and made available to the prose."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from IPython.display import Markdown, display

from lmbook.session import Session

_RECORD = "application/papermill.record/"
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class ClaimError(AssertionError):
    """A measured number is outside the bound that its chapter promises."""


@dataclass(frozen=True)
class Claim:
    """One measured number with its bound.

    Attributes
    ----------
    name : str
        Key in the prose: ``{glue:text}`cnn-accuracy```.
    what : str
        The quantity in words, for tables.
    value, std : float
        Mean and sample standard deviation (0 for a single measurement), in `unit`.
    n : int
        Number of measurements.
    unit : str
        Unit, ``"%"`` for instance; empty for a pure number.
    bound : str
        The bound in words, ``"≥ 99.4 %"`` for instance.
    passed : bool
        Whether the mean is inside the bound.
    enforced : bool
        Whether a value outside the bound stops the chapter.
    text : str
        What the prose shows: mean, ± standard deviation where n > 1, unit.
    """

    name: str
    what: str
    value: float
    std: float
    n: int
    unit: str
    bound: str
    passed: bool
    enforced: bool
    text: str


def _format(value: float, unit: str, digits: int | None) -> str:
    """Write a number as a page shows it: thousands separated, tiny ones in powers of ten."""
    if digits is None and value == int(value):
        number = f"{int(value):,}"
    elif digits is None and abs(value) < 1e-3:
        number = f"{value:.1e}"
    else:
        number = f"{value:,.{2 if digits is None else digits}f}"
    return f"{_typeset(number)} {unit}".rstrip()


def _typeset(number: str) -> str:
    """Set a number as on paper: 3.2e-13 as 3.2 × 10⁻¹³, and a minus sign for a hyphen."""
    mantissa, exponential, exponent = number.replace("e+", "e").partition("e")
    power = f"10{str(int(exponent)).translate(_RAISED)}" if exponential else ""
    if mantissa == "1" and power:
        mantissa = ""
    return " × ".join(filter(None, (mantissa.replace("-", "−"), power)))


class Claims:
    """The claims of one chapter; call it to make one.

    Parameters
    ----------
    session : Session
        In the `smoke` profile bounds on chance-dependent numbers are recorded, not enforced.

    Examples
    --------
    >>> claim = Claims(session.start("smoke"))
    >>> claim("layers", 3, "layers of the network", at_most=4)
    ✓ layers of the network: 3  (≤ 4)
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._made: dict[str, Claim] = {}

    def __call__(
        self,
        name: str,
        value: float | Sequence[float],
        what: str,
        *,
        at_least: float | None = None,
        at_most: float | None = None,
        equals: float | None = None,
        unit: str = "",
        digits: int | None = None,
        always: bool = False,
    ) -> None:
        """Check a number against its bound, record it, and offer it to the prose.

        Parameters
        ----------
        name : str
            Unique in the chapter, lower case with hyphens.
        value : float or sequence of float
            One measurement, or one a seed; a sequence is judged by its mean.
        what : str
            The quantity in words.
        at_least, at_most, equals : float, optional
            The bound, in `unit`; at least one is needed.
        unit : str
            Unit shown after the number.
        digits : int, optional
            Decimals shown. By default none for whole numbers, two otherwise.
        always : bool
            Enforce the bound in `smoke` too: right for whatever does not depend on training.

        Raises
        ------
        ValueError
            No bound, a name used twice, or a value that is not a finite number.
        ClaimError
            The mean is outside an enforced bound.
        """
        values = [float(v) for v in (value if isinstance(value, Sequence) else [value])]
        if name in self._made:
            raise ValueError(f"claim {name!r} is made twice in this chapter: give it another name")
        if at_least is None and at_most is None and equals is None:
            raise ValueError(f"claim {name!r} has no bound: pass at_least, at_most or equals")
        if not values or not all(map(math.isfinite, values)):
            raise ValueError(f"claim {name!r}: expected finite numbers, got {value!r}")
        mean = statistics.fmean(values)
        std = statistics.stdev(values) if len(values) > 1 else 0.0
        limits = [
            (s, b) for s, b in (("=", equals), ("≥", at_least), ("≤", at_most)) if b is not None
        ]
        passed = all(
            {"=": mean == limit, "≥": mean >= limit, "≤": mean <= limit}[sign]
            for sign, limit in limits
        )
        text = _format(mean, "" if std else unit, digits)
        if std:
            text = f"{text} ± {_format(std, unit, 2 if digits is None else digits)}"
        claim = Claim(
            name=name,
            what=what,
            value=mean,
            std=std,
            n=len(values),
            unit=unit,
            bound=", ".join(
                f"{sign} {_typeset(f'{limit:,.12g}')} {unit}".rstrip() for sign, limit in limits
            ),
            passed=passed,
            enforced=always or self._session.profile != "smoke",
            text=text,
        )
        self._made[name] = claim
        _record(claim)
        sign = "✓" if passed else "✗"
        print(
            f"{sign} {what}: {text}"
            + (f", n = {claim.n}" if claim.n > 1 else "")
            + f"  ({claim.bound})"
        )
        if claim.enforced and not passed:
            raise ClaimError(
                f"claim {name!r} does not hold: expected {claim.bound}, got {text} "
                f"(n = {claim.n}). Either the code is wrong or the promise is: find out which "
                "before you change the bound."
            )

    def table(self) -> None:
        """Show this chapter's claims so far as a table: quantity, value, seeds, bound, verdict."""
        rows = ["| What | Measured | n | Promised | |", "|---|---:|---:|---:|---|"]
        for c in self._made.values():
            verdict = "holds" if c.passed else ("fails" if c.enforced else "not enforced in smoke")
            rows.append(f"| {c.what} | {c.text} | {c.n} | {c.bound} | {verdict} |")
        display(Markdown("\n".join(rows)))


def _record(claim: Claim) -> None:
    """Leave the claim in the notebook: as text for `glue` roles, as metadata for the build."""
    metadata: dict[str, Any] = {
        "scrapbook": {"name": claim.name, "mime_prefix": _RECORD},
        "lmbook": {"claim": asdict(claim)},
    }
    unbroken = claim.text.replace(" ", "\N{NO-BREAK SPACE}")  # in prose, "50" stays with its "%"
    display({f"{_RECORD}text/plain": repr(unbroken)}, metadata=metadata, raw=True)
