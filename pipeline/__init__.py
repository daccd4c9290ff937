"""Hasila: structured casualty events from Arabic reports."""

__version__ = "0.1.0"
