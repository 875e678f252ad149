"""Identifying metadata: headers, sidecars, tables, names and leftovers of a data set."""
