import pytest

from memjax.config.run_config import RunConfig
from memjax.errors import InputError


@pytest.mark.parametrize("text", ["", "1", "4/4", "5/4", "-1/4", "1/0", "0/0", "a/b", "1/2/3", " 1/2", "1/2\n", "²/3"])
def test_a_wrong_worker_is_refused(text):
    with pytest.raises(InputError, match="0/4, 1/4, 2/4 and 3/4"):
        RunConfig(worker=text)


@pytest.mark.parametrize("run", ["runs/mine", "gs://bucket/mine"])
def test_the_folder_is_the_one_asked_for_or_named_after_the_settings(run):
    assert RunConfig(run=run).folder() == run
    assert RunConfig().folder() == RunConfig(num_models=9).folder()
    assert RunConfig().folder() != RunConfig(seed=1).folder()


@pytest.mark.parametrize(
    ("task", "scores"),
    [
        ("classification", ("correct", "probability")),
        ("regression", ("minus_squared_error", "log_likelihood")),
        ("multi_label", ("label_accuracy", "exact_match", "log_likelihood")),
    ],
)
def test_parameters_alone_are_kept_beside_the_scores_of_the_task(task, scores):
    assert RunConfig(keep=("parameters=2",)).for_task(task).keep == (*scores, "parameters=2")
