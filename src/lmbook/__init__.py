"""Helpers that the chapters of *Large Models, Hands-On* import.

Modules import each other in one direction: ``session``, ``assets``, ``data``, ``nn``, ``train``.
"""
