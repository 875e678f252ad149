"""Treatments of head scans: removing or replacing a face, what that costs, and how it is undone."""
