"""A slice of the hostile campaign with fixed seeds; ``make torture`` runs it at length."""

import pytest

from interruption import unweighed
from torture.campaign import run_campaign


@unweighed
@pytest.mark.parametrize("first", [0, 1000])
def test_hostile_cases_end_as_they_may(first):
    counts, broken = run_campaign(first, 50)
    assert not broken, "\n".join(broken)
    assert sum(counts.values()) == 50
