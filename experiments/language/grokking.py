"""When do held-out sums become right, and which are known by heart until then?

After Power et al., Grokking, 2022, arXiv 2201.02177: networks that add numbers modulo a prime know their training pairs
by heart long before they are right on others.

    python -m experiments.language.grokking --size quick   modulo 13, 16 models
    python -m experiments.language.grokking                modulo 23, 64 models

Every pair a, b is a sequence of two tokens, and the sum after it is the only token that counts.  Transformers of one
layer are trained, with weight decay, on random subsets of all pairs.  A pair is in some models and out of others, so
that its memorization is known after each epoch that is recorded: the share of models that are right if they trained on
it, minus that if they did not.  Its mirror image is the pair b, a.  Intervals are over models.
"""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

import memjax
from experiments.common.claim import Result, Verdict, main
from experiments.common.intervals import mean_interval, mean_intervals, paired, share_interval
from experiments.common.plots import band, panels
from experiments.common.settings import BaseSettings, Cost

COST = Cost("98 s", "12 min, --models 16 --epochs 6000")
LEARNED = 0.9  # accuracy from which pairs count as learned
RECORDED = 40  # epochs after which all pairs are evaluated


class Size(NamedTuple):
    """How much of everything one size has."""

    modulus: int
    models: int
    epochs: int


@dataclass(frozen=True)
class Settings(BaseSettings):
    """Sums of all pairs of numbers modulo a prime."""

    sizes: ClassVar = {"smoke": Size(5, 8, 40), "quick": Size(13, 16, 2500), "full": Size(23, 64, 8000)}
    dataset: str = "sums"
    """The only one there is."""
    models: int | None = None
    """Another number of models."""
    epochs: int | None = None
    """Another number of epochs."""
    share: float = 0.8
    """Of the pairs that a model trains on."""


def sums(modulus: int) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of numbers, and the sum of each."""
    pairs = np.stack(np.meshgrid(*[np.arange(modulus)] * 2, indexing="ij"), axis=-1).reshape(-1, 2)
    return pairs, pairs.sum(1) % modulus


def first_epoch(epochs: np.ndarray, accuracy: np.ndarray) -> np.ndarray:
    """For each row of (models, epochs) the first epoch with `LEARNED` or more; the last one where there is none."""
    reached = accuracy >= LEARNED
    return np.where(reached.any(1), epochs[reached.argmax(1)], epochs[-1])


def run(settings: Settings) -> Result:
    size = settings.sizes[settings.size]
    pairs, answers = sums(size.modulus)
    last = settings.epochs or size.epochs
    config = memjax.RunConfig(
        num_models=settings.models or size.models,
        seed=settings.seed,
        pack_size=8,
        subset=memjax.SubsetSpec("balanced", settings.share),
        model=memjax.ModelSpec("transformer:32"),
        train=memjax.TrainSpec(
            epochs=last,
            batch_size=size.modulus**2,
            learning_rate=0.005,
            optimizer="adamw",
            optimizer_options=("b2=0.98",),
            weight_decay=1.0,
            schedule="linear",
        ),
    )
    name = f"sums-{size.modulus}-{last}-{settings.share:g}-{settings.seed}"
    result = settings.fit(
        pairs, answers, task="tokens", config=config, run=settings.folder / "models" / name, estimate=False,
        keep=("token_accuracy",), record=("token_accuracy",), record_epochs=(0, *every(last)),
    )  # fmt: skip
    curves = result.curves
    right, epochs = curves.values["token_accuracy"].astype(float), curves.epochs
    inside, outside = in_and_out(right, curves.masks)
    known, understood = first_epoch(epochs, inside), first_epoch(epochs, outside)
    by_pair = memorization(right, curves.masks)
    of_mirror = mirror_gain(right[:, epochs <= np.median(understood)].mean(1), curves.masks, pairs)
    late = by_pair[(epochs >= np.median(known)) & (epochs <= np.median(understood))].mean(0)
    numbers = {
        "epochs": epochs,
        "accuracy_in": inside.mean(0),
        "accuracy_out": outside.mean(0),
        "known_by_heart_from_epoch": mean_interval(known),
        "held_out_right_from_epoch": mean_interval(understood),
        "memorization_meanwhile": {"mean": float(late.mean()), "sd_over_pairs": float(late.std())},
        "most_memorized_pairs": pairs[np.argsort(-late)[:10]],
        "memorization_at_the_end": float(np.nanmean(by_pair[-1])),
        "models": len(right),
    }
    figure = draw(epochs, inside, outside, late.reshape(size.modulus, -1))
    return Result(numbers, verdicts_of(known, understood, outside[:, -1], of_mirror), figure)


def in_and_out(right: np.ndarray, masks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(models, epochs) the share of right pairs among those that a model trains on, and among the others."""
    sides = (masks[:, None], ~masks[:, None])
    inside, outside = (np.where(side, right, 0).sum(2) / side.sum(2) for side in sides)
    return inside, outside


def mirror_gain(right: np.ndarray, masks: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """(models,) how much oftener held-out pairs are right whose mirror image was trained on than the others.

    Args:
      right: (models, pairs) how often.
    """
    mirror = (pairs[:, 1] * (pairs.max() + 1) + pairs[:, 0])[None]
    open_pairs = ~masks & (pairs[:, 0] != pairs[:, 1])
    with_mirror = np.take_along_axis(masks, np.broadcast_to(mirror, masks.shape), 1)
    apart = [np.where(open_pairs & side, right, np.nan) for side in (with_mirror, ~with_mirror)]
    return np.nanmean(apart[0], 1) - np.nanmean(apart[1], 1)


def verdicts_of(
    known: np.ndarray, understood: np.ndarray, at_the_end: np.ndarray, of_mirror: np.ndarray
) -> list[Verdict]:
    """The verdicts, from values of each model, (models,).

    Args:
      known, understood: the epoch from which pairs are right that it trained on, and that it did not.
      at_the_end: the share of the latter that are right after the last epoch.
      of_mirror: what `mirror_gain` says.
    """
    return [
        Verdict("held-out pairs become right later than pairs that are trained on (epochs)", paired(understood, known)),
        Verdict(f"in the end most networks are right on {LEARNED:.0%} of the held-out pairs (share of networks)",
                share_interval(at_the_end >= LEARNED), 0.5),
        Verdict("held-out pairs whose mirror image was trained on are right more often until then",
                mean_interval(of_mirror)),
    ]  # fmt: skip


def every(last: int) -> list[int]:
    """Epochs from the first to the last, denser at the beginning."""
    return sorted({round(epoch) for epoch in np.geomspace(1, last, RECORDED)})


def memorization(right: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """(epochs, pairs) share of models that are right on a pair if they trained on it, minus that if they did not."""
    sides = [np.einsum("mt,met->et", side, right) / side.sum(0) for side in (masks * 1.0, ~masks * 1.0)]
    return sides[0] - sides[1]


def draw(epochs: np.ndarray, inside: np.ndarray, outside: np.ndarray, late: np.ndarray):
    """Accuracy in and out by epoch, and the memorization of each pair between the two."""
    figure, axes = panels(1, 2, 4.4, 3.4, note=f"{len(inside)} models; bands: 95 % intervals over models")
    for accuracy, label in ((inside, "trained on"), (outside, "held out")):
        band(axes[0, 0], epochs, mean_intervals(accuracy), label)
    axes[0, 0].set(xlabel="epoch", ylabel="share of pairs that are right", xscale="symlog")
    axes[0, 0].legend()
    image = axes[0, 1].imshow(late, origin="lower", vmin=0, cmap="viridis")
    axes[0, 1].set(xlabel="second number", ylabel="first number")
    figure.colorbar(
        image,
        ax=axes[0, 1],
        label="memorization, mean of the epochs between\nknown in training and right when held out",
    )
    return figure


if __name__ == "__main__":
    main(Settings, run)
