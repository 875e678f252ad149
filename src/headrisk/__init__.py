"""Measure how easily people in a head-MRI data set can be re-identified."""

__version__ = "0.1.0"
