"""Synthetic heads with known identity: people, sessions, scanners, and a data set of them."""
