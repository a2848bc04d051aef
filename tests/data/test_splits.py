"""No two splits share a sequence, a copy of one, a group or a moment."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebench.core.errors import BadInput
from gatebench.data import splits
from gatebench.data.contents import SPLITS

same = settings(derandomize=True, database=None, deadline=None, max_examples=60)
KEYS = st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=2), min_size=3, max_size=60)


@same
@given(keys=KEYS)
def test_what_shares_a_key_shares_a_split(keys):
    if len(splits.find_units(keys)) < len(SPLITS):
        with pytest.raises(BadInput, match="too few for three splits"):
            splits.apart(keys, [0] * len(keys))
        return
    positions = splits.apart(keys, [0] * len(keys))
    assert sorted(i for of_split in positions.values() for i in of_split) == list(range(len(keys)))
    assert all(positions.values())
    sets = [{key for i in positions[split] for key in keys[i]} for split in SPLITS]
    assert sum(map(len, sets)) == len(set.union(*sets))
    assert splits.apart(keys, [0] * len(keys)) == positions


@pytest.mark.parametrize("count", [10, 20, 100, 1000])
def test_shares_are_kept_of_every_label(count):
    labels = [i % 2 for i in range(count)]
    positions = splits.apart([[i] for i in range(count)], labels)
    for split, share in splits.SHARES.items():
        assert len(positions[split]) == pytest.approx(share * count, abs=1)
        ones = sum(labels[i] for i in positions[split])
        assert ones == pytest.approx(share * count / 2, abs=1)
    assert positions["train"] != list(range(len(positions["train"]))), "shuffled"
    assert all(of_split == sorted(of_split) for of_split in positions.values())


@pytest.mark.parametrize("length", [20, 21, 99, 1000])
def test_stretches_of_time_follow_one_another(length):
    moments = np.arange(length)
    parts = [moments[cut] for cut in splits.by_time(length, "x").values()]
    assert np.concatenate(parts).tolist() == moments.tolist()
    assert all(len(part) >= 2 for part in parts)
    assert len(parts[0]) == round(0.7 * length)


@same
@given(length=st.integers(1, 500), most=st.integers(2, 60))
def test_a_sequence_is_cut_into_like_parts_and_nothing_is_lost(length, most):
    parts = splits.cut(np.arange(length), most)
    assert np.concatenate(parts).tolist() == list(range(length))
    sizes = [len(part) for part in parts]
    assert max(sizes) <= most
    assert max(sizes) - min(sizes) <= 1


def test_windows_of_audio_are_whole():
    assert [part.tolist() for part in splits.cut_equally(np.arange(7), 3)] == [[0, 1, 2], [3, 4, 5]]
