"""Derived tables: regional volumes, thickness and areas, from the file to similarity scores."""
