"""MNIST's training digits in the order of the published file, whose parts differ in difficulty.

`lmbook.data.digits` mixes the digits. Who holds out "the last tenth" of the file, as a popular
library does by default, takes other digits than who draws a tenth: mnist/mlp measures how much
that matters.
"""

from __future__ import annotations

import numpy as np
import torch

from lmbook import folders
from lmbook.data.digits import Digits, read_mnist


def training_file(data: Digits) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the digits of MNIST's training file as the file has them.

    Taught in mnist/mlp.

    Parameters
    ----------
    data : Digits
        What `lmbook.data.digits.load` returned: it says where the digits come from.

    Returns
    -------
    images : torch.Tensor
        ``(60000, 28, 28)``, uint8.
    labels : torch.Tensor
        ``(60000,)``, int64. The embedded digits have no such order: theirs are
        ``data.development``.

    Raises
    ------
    FileNotFoundError, ValueError
        If the folder that `data` came from no longer holds MNIST.
    """
    if not data.full:
        return data.development
    local = folders.local_data() if data.source == "LMBOOK_DATA" else None
    images, labels, _, _ = read_mnist((local or folders.cache()) / "mnist")
    return torch.from_numpy(images), torch.from_numpy(labels.astype(np.int64))
