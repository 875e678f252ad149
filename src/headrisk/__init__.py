"""Measure how easily people in a head-MRI data set can be re-identified."""

from headrisk.offline import silence

__version__ = "0.1.0"

silence()  # before anything can import a library that reads the switches when it is loaded
