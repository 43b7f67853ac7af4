"""Models that chapters share: from the artifact of the chapter that made them, or trained anew.

No chapter needs another one to have been run: what is not there is trained in seconds.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from lmbook import train
from lmbook.data import digits
from lmbook.data.augment import random_affine
from lmbook.nn.cnn import DigitNet
from lmbook.session import Session

NAMES = ("digitnet",)


def digitnet_recipe(session: Session, data: digits.Digits) -> dict[str, Any]:
    """Return the settings with which mnist/cnn trains its network, chosen on validation digits.

    Parameters
    ----------
    session : Session
        One pass is enough in `smoke`.
    data : Digits
        With fewer digits there are more passes, so that the number of steps is about the same.

    Returns
    -------
    dict
        Arguments of `lmbook.train.fit`.
    """
    passes = 5 if data.full else 80
    return {
        "epochs": session.pick(smoke=1, book=passes, full=passes),
        "batch_size": 256,
        "learning_rate": 0.2,
        "weight_decay": 5e-4,
    }


def save(name: str, model: nn.Module, session: Session) -> Path:
    """Keep a chapter's model for the others, as safetensors, in the session's artifacts.

    Parameters
    ----------
    name : str
        One of `NAMES`.
    model : nn.Module
    session : Session

    Returns
    -------
    Path
        The file, complete or not there at all.
    """
    path = _path(name, session)
    path.parent.mkdir(parents=True, exist_ok=True)
    weights = {key: value.detach().cpu().contiguous() for key, value in model.state_dict().items()}
    partial = path.with_suffix(f".{os.getpid()}.partial")
    try:
        save_file(weights, partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def trained(name: str, session: Session) -> nn.Module:
    """Return a trained model, in evaluation mode, on the session's device.

    Parameters
    ----------
    name : str
        ``"digitnet"``: the network of mnist/cnn, shape (n, 1, 28, 28) to logits (n, 10).
    session : Session

    Returns
    -------
    nn.Module

    Raises
    ------
    KeyError
        There is no model of that name; the message lists those there are.
    """
    path = _path(name, session)
    model = DigitNet()
    try:
        model.load_state_dict(load_file(path))
    except (FileNotFoundError, SafetensorError, RuntimeError):  # not there, damaged, or outgrown
        data = digits.load(limit=session.pick(smoke=1500, book=None, full=None))
        print(f"{name} is not there yet: training it once")
        train.fit(
            model,
            digits.to_input(data.train_images),
            data.train_labels,
            session=session,
            augment=random_affine,
            **digitnet_recipe(session, data),
        )
        save(name, model, session)
    return model.to(session.device).eval()


def _path(name: str, session: Session) -> Path:
    if name not in NAMES:
        raise KeyError(f"no model {name!r}: expected one of {', '.join(NAMES)}")
    return session.artifacts / f"{name}.safetensors"
