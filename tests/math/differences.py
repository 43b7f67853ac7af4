"""Central differences: a judge of derivatives that knows nothing of formulas."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray


def jacobian(
    function: Callable[[NDArray[np.float64]], ArrayLike], at: ArrayLike, step: float = 1e-6
) -> NDArray[np.float64]:
    """Differentiate a function of an array: shape of the result, then shape of the argument."""
    at = np.asarray(at, dtype=float)
    columns = []
    for place in np.ndindex(at.shape):
        nudge = np.zeros_like(at)
        nudge[place] = step
        rise = np.asarray(function(at + nudge)) - np.asarray(function(at - nudge))
        columns.append(rise / (2 * step))
    return np.stack(columns, axis=-1).reshape(columns[0].shape + at.shape)
