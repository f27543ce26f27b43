"""Settings from keywords."""

import pytest

from memjax.config.from_keywords import run_config
from memjax.errors import InputError


def test_keywords_reach_their_section_and_lists_become_tuples():
    config = run_config(num_models=64, epochs=3, per_class=40, classes=[1, 2])

    assert (config.num_models, config.train.epochs, config.data.per_class, config.data.classes) == (64, 3, 40, (1, 2))


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("num_model", "run; did you mean num_models\\? see `memjax --help-all`"),
        ("xyzzy", "run; see `memjax --help-all`"),
    ],
)
def test_an_unknown_keyword_names_the_nearest(option, words):
    with pytest.raises(InputError, match=words):
        run_config(**{option: 4})


@pytest.mark.parametrize(("options", "words"), [({"epochs": 0}, "--epochs is 0"), ({"epochs": "many"}, "a str")])
def test_unfit_values_are_refused(options, words):
    with pytest.raises(InputError, match=words):
        run_config(**options)
