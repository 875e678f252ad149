"""Sentences of the internal page: the states of scans, and why each is worth a look."""

from __future__ import annotations

from collections.abc import Mapping

STATES: Mapping[str, str] = {
    "failed": "failed",
    "doubtful": "doubtful",
    "face": "face left",
    "label": "possible wrong label",
    "linked": "linked",
    "unseen": "not looked at",
}
WHY: Mapping[str, str] = {
    "failed": "A check could not use them. Another attacker may, so they count against the "
    "release.",
    "doubtful": "They were prepared in a way that a person should look at.",
    "face": "A face, or part of one, is or may be there.",
    "label": "The best candidate passes the threshold and bears another label: a wrong label, a "
    "swapped scan, or two people who are much alike.",
    "linked": "The right person is the best candidate and passes the threshold; the highest score "
    "comes first.",
    "unseen": "Nothing is known of them.",
}
