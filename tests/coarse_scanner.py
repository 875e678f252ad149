"""A scanner whose images are quick to make and to prepare."""

from __future__ import annotations

from headrisk.synthetic.phantom import Scanner

COARSE = Scanner("A", "Phantom Works", "Cohort 3T", "1001", (4.0, 4.0, 4.0))
