"""Names of budgets for people."""

import pandas as pd
import pytest

from gatebench.records import budgets


@pytest.mark.parametrize(
    ("name", "sizes", "shown"),
    [
        ("parameters_20k", [18_000, 20_000], "parameters_20k"),
        ("total_parameters_24k", [18_000], "total_parameters_24k"),
        ("flops_40k", [18_000], "flops_40k"),
        ("units_48", [18_000], "units_48"),
        ("table1", [18_630, 18_108, 18_900], "table1 (18k to 19k recurrent parameters)"),
        ("table1 units=9", [900], "table1 units=9 (900 recurrent parameters)"),
        ("mine units_48=2", [999_700], "mine units_48=2 (1000k recurrent parameters)"),
        ("table1", [], "table1"),
    ],
)
def test_a_name_without_a_size_has_the_sizes_of_its_models_beside_it(name: str, sizes: list[int], shown: str):
    assert budgets.with_sizes(name, pd.DataFrame({"parameters_recurrent": sizes})) == shown
