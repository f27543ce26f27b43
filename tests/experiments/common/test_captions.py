"""What stands below figures: how many cases there are, and what bars are; and whether lines can be told apart."""

from types import SimpleNamespace

import numpy as np
import pytest

from experiments.arpit import critical_samples, datasets, regularizers
from experiments.common.intervals import mean_interval
from experiments.common.networks import KINDS
from experiments.common.plots import named
from experiments.feldman_zhang import conflict, cost, critics, fashion_mnist, groups
from experiments.language import counterfactual

SOME = np.linspace(0, 1, 8)
CURVES = {name: np.stack([SOME[:3], SOME[1:4]]) for name in ("csr 0.3", "csr 3", "norm", "train", "held out")}


@pytest.fixture(autouse=True)
def closed():
    yield
    from matplotlib import pyplot

    pyplot.close("all")


def of_groups():
    return groups.draw(SOME, SOME, np.repeat([0, 1], 4), 300)


def of_cost():
    row = {"stderr": 0.1, "models": 3, "hours_released_script": 2.0, "hours_memjax": 1.0}
    return cost.draw([row, row | {"stderr": 0.05}], 64, 5)


def of_fashion_mnist():
    data = SimpleNamespace(class_names="ab", train_labels=np.zeros(10, int), train_inputs=np.zeros((10, 4, 4)))
    memorization = SimpleNamespace(value=np.ones(10), interval=lambda: (np.zeros(10), np.ones(10)))
    estimates = SimpleNamespace(num_models=32)
    return fashion_mnist.draw(
        SimpleNamespace(dataset=data, memorization=memorization, estimates=estimates), np.arange(10)
    )


def of_critics():
    row = {name: mean_interval(SOME) for name in ("all", "without near-duplicates", "lost")}
    return critics.draw(
        {"rows": {critics.PAPER: row | {"removed": 0.1}}, "num_models": 512.0, "test_without_near_duplicates": 90},
        "8 retrainings",
    )


def of_counterfactual():
    return counterfactual.draw([SOME, SOME, SOME, SOME], SOME, SOME, 64)


def of_regularizers():
    return regularizers.draw((SOME, SOME), {name: [(SOME, SOME)] for name in regularizers.STRENGTHS}, 420)


def of_conflict():
    point = conflict.Point(0.5, 0.1, 0.2, 1.0)
    return conflict.draw({name: [point, point] for name in ("40 sub-populations", conflict.EMOJI, conflict.FASHION)})


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        (of_groups, ["4 planted groups of each kind", "300 models"]),
        (of_cost, ["64 models", "4 rounds"]),
        (of_fashion_mnist, ["32 models", "95 % interval"]),
        (of_critics, ["512 models", "8 retrainings", "95 % intervals"]),
        (of_counterfactual, ["64 models", "95 % intervals"]),
        (of_regularizers, ["8 networks", "420 training examples", "95 % intervals"]),
    ],
)
def test_a_caption_says_how_many_and_what_bars_are(figure, words):
    note = " ".join(figure().get_supxlabel().split())

    assert [word for word in words if word not in note] == []


def test_lines_of_each_kind_are_counted():
    ticks = [text.get_text() for text in of_counterfactual().axes[0].get_xticklabels()]

    assert ticks == ["canaries\n(8)", "sentences\n(8)", "near\nduplicates\n(8)", "duplicates\n(8)"]


def test_the_caption_of_conflict_names_all_its_data():
    figure = of_conflict()
    named(figure, "mixtures")

    assert figure.get_supxlabel().startswith("mixtures, emoji and Fashion-MNIST; ")


def test_the_dashes_of_training_show_in_the_legend():
    figure = critical_samples.draw(dict.fromkeys(KINDS, CURVES), {0.5: CURVES}, (1, 2, 4))

    dashes, solid = figure.axes[2].get_legend().get_lines()

    assert (dashes.get_linestyle(), solid.get_linestyle()) == ("--", "-")
    assert dashes.get_xdata()[-1] >= 3 * 7  # three times the size of the letters: two dashes beside the marker


def test_lines_of_training_accuracy_are_told_apart_by_panel_and_colour():
    names = ("digits", "mnist5k", "fashion_mnist", "emoji")
    held_out = dict.fromkeys(names, CURVES["train"])
    fitted = {(name, kind): CURVES["train"] for name in names for kind in KINDS}

    figure = datasets.draw((1, 2, 3), held_out, dict.fromkeys(names, SOME), fitted)

    panels = figure.axes[2:]
    assert [axis.get_title() for axis in panels] == list(names)
    for axis in panels:
        colours = [line.get_color() for line in axis.get_lines()]
        assert len({*colours}) == len(colours) == len(KINDS)
    assert "2 networks" in figure.get_supxlabel()
