"""Are some real examples easy and others hard whatever the initial weights, and random inputs all alike?

Arpit et al. 2017, arXiv 1706.05394, section 3.1 and figure 1.  100 networks, each with its own initial weights and its
own order of batches, train for one epoch on all examples: real, with random inputs, with random labels.  How often each
example is wrong is compared with binomial draws for equally hard examples.

    python -m experiments.arpit.easy_and_hard --size quick    digits
    python -m experiments.arpit.easy_and_hard                 Fashion-MNIST, 1,000 a class

Expected: the variance of the rates over that of the null is far above 1 for real data, above 1 for random labels, and
near 1 for random inputs.  The null is Poisson-binomial: each network is wrong as often as it is, on random examples.
Random inputs and random labels are held to it within classes: after one epoch a class that is drawn more often is right
more often, whatever its inputs.  What then is left of their variance is compared among examples that are as like the
rest of their class at random.  The paper does not say the training set, batch size and architecture of its one epoch;
here they are an MLP with two hidden layers and Adam.
"""

from dataclasses import dataclass, replace

import numpy as np

from experiments.common.claim import Result, Verdict, main
from experiments.common.intervals import Interval, normal_interval, ratio_interval
from experiments.common.networks import KINDS, correctness
from experiments.common.plots import COLOURS, panels
from experiments.common.recipes import NetworkChoice
from experiments.common.settings import Cost
from memjax import dynamics
from memjax.config.specs import TrainSpec

COST = Cost("14 s", "3 min 16 s")

MODELS = {"smoke": 10, "quick": 100, "full": 100}
PER_CLASS = {"smoke": 10, "quick": None, "full": 1000}
EQUAL = 1.2  # ratio of variances that still counts as equally hard
PARTS = 12  # of a class, by the margin of its examples
MODEL = {"smoke": "mlp:8x2", "quick": "mlp:64x2", "full": "mlp:256x2"}


@dataclass(frozen=True)
class Settings(NetworkChoice):
    """Easy and hard examples after one epoch."""

    batch_size: int = 16

    @property
    def recipe(self) -> TrainSpec:
        """One epoch.  At memjax's rate for Adam, .005, nearly all examples would be right at its end."""
        usual = TrainSpec(learning_rate=0.002, schedule="constant", warmup=0.0)
        return replace(super().recipe if self.optimizer else usual, epochs=1, batch_size=self.batch_size)


def run(settings: Settings) -> Result:
    models, model = MODELS[settings.size], settings.model or MODEL[settings.size]
    wrong, labels, alike = {}, {}, {}
    for kind in KINDS:
        dataset = settings.loaded(kind, per_class=PER_CLASS[settings.size])
        masks = np.ones((models, dataset.num_train), bool)
        wrong[kind] = ~correctness(model, dataset, settings.recipe, masks, settings.seed)[0]
        labels[kind] = dataset.train_labels
        alike[kind] = by_margin(np.asarray(dataset.train_inputs), labels[kind])
    spread = {kind: dynamics.dispersion(values) for kind, values in wrong.items()}
    inside = {kind: ratio_in_classes(values, labels[kind]) for kind, values in wrong.items()}
    null = {kind: poisson_binomial(values.mean(1)) for kind, values in wrong.items()}
    found = {
        kind: {"ratio": value.ratio, "stderr": value.stderr, "null_stderr": value.null_stderr,
               "ratio_in_classes": inside[kind],
               "ratio_at_equal_margins": ratio_in_classes(wrong[kind], alike[kind]), "wrong": float(value.rates.mean()),
               "farthest_from_null": distance(wrong[kind].sum(0), null[kind]),
               "always_wrong": float((value.rates == 1).mean()), "always_right": float((value.rates == 0).mean())}
        for kind, value in spread.items()
    }  # fmt: skip
    return Result(found, verdicts_of(spread, inside), draw(wrong, null))


def ratio_in_classes(wrong: np.ndarray, labels: np.ndarray) -> Interval:
    """The ratio of `dynamics.dispersion` within each class, in the mean over examples.

    Args:
      wrong: (models, examples).
    """
    count = np.bincount(labels)
    parts = [(count[c], dynamics.dispersion(wrong[:, labels == c])) for c in np.flatnonzero(count > 1)]
    weights = np.array([size for size, part in parts if np.isfinite(part.ratio)], float)
    ratios, errors = np.array([part[:2] for _, part in parts if np.isfinite(part.ratio)]).reshape(-1, 2).T
    total = weights.sum() or np.nan
    return ratio_interval((weights @ ratios) / total, np.sqrt((weights * errors) @ (weights * errors)) / total,
                          len(labels))  # fmt: skip


def by_margin(inputs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Twelve parts of each class, of equal size: by how much an input is like the others of its class; (examples,).

    The margin is its product with the mean of the others of its class, minus that with the mean of the other examples.
    """
    flat = inputs.reshape(len(inputs), -1).astype(np.float64)
    classes, count = labels[:, None] == np.arange(labels.max() + 1), np.bincount(labels)[labels][:, None]
    of_class = (classes.T @ flat)[labels]
    own, others = (of_class - flat) / np.maximum(count - 1, 1), (flat.sum(0) - of_class) / (len(flat) - count)
    margin, parts = (flat * (own - others)).sum(1), np.zeros_like(labels)
    for rows in (np.flatnonzero(marks) for marks in classes.T):
        parts[rows[np.argsort(margin[rows], kind="stable")]] = np.arange(len(rows)) * PARTS // max(len(rows), 1)
    return labels * PARTS + parts


def poisson_binomial(chances: np.ndarray) -> np.ndarray:
    """The distribution of how many of independent networks are wrong, of which each is with a chance of its own."""
    found = np.ones(1)
    for chance in chances:
        found = np.convolve(found, (1 - chance, chance))
    return found


def distance(counts: np.ndarray, null: np.ndarray) -> float:
    """The largest difference of the two distribution functions (Kolmogorov and Smirnov)."""
    seen = np.bincount(counts, minlength=len(null)) / len(counts)
    return float(np.abs(np.cumsum(seen - null)).max())


def verdicts_of(spread: dict[str, dynamics.Dispersion], inside: dict[str, Interval]) -> list[Verdict]:
    """The verdicts, from how far each kind of examples is spread, over all and within their classes."""
    real, inputs = (spread[kind] for kind in ("real", "random inputs"))
    share = 1 - (inputs.ratio - 1) / (real.ratio - 1)
    share_error = np.hypot(inputs.stderr, (1 - share) * real.stderr) / abs(real.ratio - 1)
    count = len(real.rates)
    value, low, high, _ = inside["random inputs"]
    return [
        Verdict(
            "real examples differ more in how often they are wrong than those with random inputs (ratio of variances)",
            normal_interval(real.ratio - inputs.ratio, np.hypot(real.stderr, inputs.stderr), count),
        ),
        Verdict(
            "random inputs have lost at least nine tenths of the variance beyond the binomial",
            normal_interval(share, share_error, count), 0.9,
        ),
        Verdict(
            "with random labels some of it is left within classes (ratio of variances, above that of the binomial)",
            inside["random labels"], 1.0,
        ),
        Verdict(
            "real examples are not equally hard (variance of the rates over that of the Poisson-binomial null)",
            normal_interval(real.ratio, real.stderr, count), 1.0,
        ),
        Verdict(
            f"random inputs are, within their classes ({EQUAL:g} minus that ratio)",
            Interval(EQUAL - value, EQUAL - high, EQUAL - low, count),
        ),
    ]  # fmt: skip


def draw(wrong: dict[str, np.ndarray], null: dict[str, np.ndarray]):
    """How many networks are wrong: the number of examples for each count, beside the null."""
    from scipy.stats import binom

    note = f"{len(wrong['real'])} networks; dashed: equally hard examples (Poisson-binomial); band: 95 % of its draws"
    figure, [axes] = panels(1, 3, 3.4, 3.1, note=note)
    for axis, (kind, values) in zip(axes, wrong.items(), strict=True):
        models, count = values.shape
        x = np.arange(models + 1)
        axis.step(
            x, np.bincount(values.sum(0), minlength=models + 1), where="mid", color=COLOURS[kind], label="examples"
        )
        axis.plot(x, count * null[kind], color="0.4", linestyle="--", label="equally hard")
        low, high = binom.ppf([[0.025], [0.975]], count, np.clip(null[kind], 0, 1))
        axis.fill_between(x, low, high, color="0.4", alpha=0.25, linewidth=0)
        axis.set(title=kind, xlabel=f"of {models} networks, wrong", ylabel="examples", yscale="symlog", ylim=(0, None))
    figure.legend(*axes[0].get_legend_handles_labels(), ncols=2, loc="outside upper center")
    return figure


if __name__ == "__main__":
    main(Settings, run)
