"""Synthetic heads with known identity: people, sessions, scanners, and a data set of them.

People are made for demonstrations and tests. Their figures order conditions; they never stand for
real people.
"""

from headrisk.imaging.phantom.cohort import write_cohort
from headrisk.imaging.phantom.ellipsoid import ellipsoid_phantom
from headrisk.imaging.phantom.plan import Plants
from headrisk.imaging.phantom.settings import PhantomSettings, Scanner

__all__ = ["PhantomSettings", "Plants", "Scanner", "ellipsoid_phantom", "write_cohort"]
