"""What builds and checks the book; no chapter imports it.

`python -m bookbuild --help` lists the commands, `dodo.py` is the graph between them.
Imports of heavy packages stay inside the functions that need them: a build with nothing to do
must end before the first of them is read.
"""
