"""Synthetic heads with known identity: people, sessions, scanners, and a data set of them.

People are made for demonstrations and tests. Their figures order conditions; they never stand for
real people.
"""

from headrisk.synthetic.phantom.cohort import write_cohort
from headrisk.synthetic.phantom.people import ellipsoid_phantom
from headrisk.synthetic.phantom.plan import Plants
from headrisk.synthetic.phantom.settings import PhantomSettings, Scanner

__all__ = ["PhantomSettings", "Plants", "Scanner", "ellipsoid_phantom", "write_cohort"]
