"""The clean-up gives every provider its turn, however much one of them has due."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from client_lifecycle.storage.due import Due, Work
from client_lifecycle.use_cases.clean_up import in_turn

PROVIDERS = ("prov-ash", "prov-elm", "prov-oak")


def due(provider_id: str, number: int) -> Due:
    return Due({"pk": f"CLIENT#{provider_id}#client-{number}", "sk": "CLIENT"}, {})


found = st.lists(st.sampled_from(PROVIDERS)).map(
    lambda owners: [due(provider_id, number) for number, provider_id in enumerate(owners)]
)


@given(found)
def test_nobody_is_lost_and_each_provider_keeps_its_order(found: list[Due]) -> None:
    taken = list(in_turn(found))
    assert len(taken) == len(found)
    for provider_id in PROVIDERS:
        assert [one for one in taken if one.provider_id == provider_id] == [
            one for one in found if one.provider_id == provider_id
        ]


@given(found)
def test_no_provider_is_two_items_ahead_of_another_who_still_waits(found: list[Due]) -> None:
    left, taken = Counter(one.provider_id for one in found), Counter[str]()
    for one in in_turn(found):
        taken[one.provider_id] += 1
        waiting = [taken[provider_id] for provider_id, count in left.items() if taken[provider_id] < count]
        assert all(taken[one.provider_id] <= count + 1 for count in waiting)


def test_one_item_of_a_small_practice_precedes_the_second_of_a_large_one() -> None:
    large = [due("prov-oak", number) for number in range(1_000)]
    taken = list(in_turn([*large, due("prov-elm", 0)]))
    assert [one.provider_id for one in taken[:3]] == ["prov-oak", "prov-elm", "prov-oak"]


def test_what_a_crash_left_is_looked_at_before_proposals() -> None:
    assert [*Work][-1] is Work.TIDY_UP
