"""The annotated set: its form, its checks, and the inline form that people write."""
