"""Who could be searched for, against a loop over all pairs of scans."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headrisk.dataset.scans import Scan
from headrisk.linkage.design import against, searchable, within

SCANS = st.lists(
    st.tuples(st.sampled_from("AB"), st.sampled_from("abc"), st.sampled_from("12"), st.booleans()),
    min_size=1,
    max_size=9,
)


@given(SCANS, st.booleans())
def test_searchable_people(drawn: list[tuple[str, str, str, bool]], two_sides: bool) -> None:
    scans = [
        Scan(str(k), person, f"/{k}", dataset=side, session_id=session)
        for k, (side, person, session, _) in enumerate(drawn)
    ]
    digests = ["same" if copy else str(k) for k, (*_, copy) in enumerate(drawn)]
    expected = set()
    for i, one in enumerate(scans):
        for j, other in enumerate(scans):
            sides = (one.dataset, other.dataset) == ("A", "B") if two_sides else i != j
            taken_together = (one.dataset, one.session_id) == (other.dataset, other.session_id)
            mates = one.participant_id == other.participant_id and not taken_together
            link = two_sides or digests[i] != digests[j]  # a copy in another set is one
            if sides and mates and link:
                expected.add(one.participant_id)
    design = against(scans, digests, "A") if two_sides else within(scans, digests)
    assert searchable(scans, design) == expected
