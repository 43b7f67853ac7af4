"""The build graph for ``doit``: ``doit list``, ``doit execute:mnist/cnn``, ``doit profile=smoke``.

``make book`` runs the same tasks through ``python -m bookbuild build``, which lets one build at a
time into a checkout.
"""

from pathlib import Path

from doit import get_var

from bookbuild.graph import tasks
from bookbuild.project import Project

globals().update(tasks(Project(Path(__file__).resolve().parent), get_var("profile", "book")))
