"""Scorers of mentions, links and records, and the command that runs them."""
