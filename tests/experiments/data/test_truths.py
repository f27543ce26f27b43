"""The recipes of truths are commands that memjax understands."""

import pandas as pd
import pytest

from experiments.data.truths import RECIPES, Options, command
from memjax import run


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_read_to_its_end(name, tmp_path, capsys):
    """Wrong repeats are refused after all options are understood, and before anything is trained."""
    options = Options(name, tmp_path / "truth", 100)

    assert run.main([*command(options), "--repeats", "0"]) == 2

    assert "--repeats 0; give 0 or more, and 1 or more" in capsys.readouterr().err
    assert not (tmp_path / "truth").exists()


def test_the_table_of_breast_cancer(tmp_path):
    command(Options("breast-cancer", tmp_path / "truth"))

    table = pd.read_csv(tmp_path / "breast-cancer.csv")
    assert table.shape == (569, 31)
    assert table["diagnosis"].value_counts().to_dict() == {"benign": 357, "malignant": 212}
