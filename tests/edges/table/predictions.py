"""Predictions of models that were trained elsewhere: files, folders, arrays in memory, and the estimators themselves."""

import numpy as np

from memjax import exchange
from tests.edges.edge import Edge, holds
from tests.edges.inputs import predictions, probabilities, write
from tests.reference import mean_difference

THREE, ALL = "estimate, estimate: folder, report_arrays", "estimate, estimate: folder, report_arrays, outcomes_of"
MEM, MORE = "estimate, report_arrays, memorization, c_score", "estimate, report_arrays, influence"
P = predictions()
MASKS, CORRECT = P["masks"], P["train_correct"]
MEMORIZATION = np.diag(mean_difference(MASKS, CORRECT))
LOGITS = np.random.default_rng(3).normal(size=(10, 6, 1, 1, 2)).astype(np.float32)


def of(**changes):
    return lambda: predictions(**changes)


def aux(**changes):
    """Feldman and Zhang's file of one model."""
    good = {
        "index_train": [2, 0], "correctness_train": [1.0, 1.0], "index_removed": [1], "correctness_removed": [0.0],
        "index_test": [0, 1], "correctness_test": [1.0, 0.0],
    }  # fmt: skip
    return {name: np.asarray(value) for name, value in (good | changes).items() if value is not None}


def checkpoints(*models):
    """The arrays in a tree of such files."""
    write({f"in/{number}/aux_arrays.npz": model for number, model in enumerate(models)})
    return exchange.read_predictions("in")


def experiments(read=exchange.read_predictions, **changes):
    """The arrays in a folder of LiRA's experiments."""
    files = {f"in/experiment-{t}_10/keep.npy": MASKS[t] for t in range(10)}
    files |= {f"in/experiment-{t}_10/scores/0000000010.npy": probabilities()[t, :, None] for t in range(10)}
    files |= {f"in/experiment-{t}_10/logits/0000000010.npy": LOGITS[t] for t in range(10)}
    files |= {"in/y_train.npy": np.arange(6) % 2} | {f"in/{name}": value for name, value in changes.items()}
    write({name: value for name, value in files.items() if value is not None})
    return read("in")


def read(what, name="in.npz", **arrays):
    write({name: {key: np.asarray(value) for key, value in arrays.items()}})
    return what(name)


ROWS = [
    # masks
    Edge(0, "masks", ALL, of(masks=None), "?"),
    Edge(0, "masks", ALL, of(keep=MASKS), "?"),
    Edge(0, "masks", ALL, of(masks=MASKS.T), "?"),
    Edge(5, "masks", ALL, of(masks=MASKS.astype(int) * 2), "?"),
    Edge(5, "masks", ALL, of(masks=MASKS * 2 - 1), "?"),
    Edge(5, "masks", ALL, of(masks=MASKS * 0.5), "?"),
    Edge(5, "masks", ALL, of(masks=np.where(MASKS, 1, np.nan)), "?"),
    Edge(14, "masks", ALL, of(masks=np.ones((10, 6), bool)), "?"),
    Edge(14, "masks", ALL, of(masks=np.zeros((10, 6), bool)), "?"),
    Edge(14, "masks", ALL, of(masks=np.tile(MASKS[:1], (10, 1))), "?"),
    Edge(14, "masks", ALL, of(masks=MASKS[:1], train_correct=CORRECT[:1], test_correct=P["test_correct"][:1]), "?"),
    Edge(14, "masks", ALL, of(masks=MASKS[:0], train_correct=CORRECT[:0], test_correct=P["test_correct"][:0]), "?"),
    Edge(14, "masks", ALL, of(masks=MASKS[:, :0], train_correct=CORRECT[:, :0], train_labels=None), "?"),
    Edge(0, "masks", ALL, of(masks=MASKS[:, :5]), "?"),
    Edge(0, "masks", ALL, of(masks=MASKS[0]), "?"),
    Edge(0, "masks", ALL, of(masks=MASKS.astype(str)), "?"),
    Edge(0, "indices", ALL, of(masks=None, indices=np.full((10, 3), 6)), "?"),
    Edge(0, "indices", ALL, of(masks=None, indices=np.full((10, 3), -1)), "?"),
    Edge(0, "indices", ALL, of(masks=None, indices=np.ones((10, 3))), "?"),
    Edge(0, "indices", ALL, of(masks=None, indices=np.ones((9, 3), int)), "?"),
    Edge(2, "indices", ALL, of(masks=None, indices=np.full((10, 3), 2**32)), "?"),
    # correctness
    Edge(5, "correctness", MEM, of(train_correct=CORRECT * 2 - 1), "?"),
    Edge(5, "correctness", MEM, of(train_correct=CORRECT * 2.0 - 1), "?"),
    Edge(5, "correctness", MEM, of(train_correct=CORRECT * 7), "?"),
    Edge(5, "correctness", MEM, of(train_correct=CORRECT * 255.0), "?"),
    Edge(5, "correctness", MEM, of(train_correct=probabilities() * 2.1 - 0.4), "?"),
    Edge(5, "correctness", "estimate, report_arrays", of(train_correct=probabilities()), "?"),
    Edge(5, "correctness", MEM, of(train_correct=np.where(CORRECT, 1, np.nan)), "?"),
    Edge(5, "correctness", MEM, of(train_correct=np.where(CORRECT, 1, np.inf)), "?"),
    Edge(5, "correctness", MEM, of(train_correct=CORRECT.astype(str)), "?"),
    Edge(5, "correctness", MEM, of(train_correct=CORRECT.T), "?"),
    Edge(5, "correctness", MEM, of(train_correct=CORRECT[:, :5]), "?"),
    Edge(5, "correctness", MEM, of(train_correct=CORRECT[:9]), "?"),
    Edge(5, "correctness", MEM, of(train_correct=CORRECT[0]), "?"),
    Edge(5, "correctness", MEM, of(train_correct=CORRECT[..., None]), "?"),
    Edge(5, "correctness", MEM, of(train_correct=CORRECT.astype(complex)), "?"),
    Edge(5, "test correctness", MORE, of(test_correct=P["test_correct"] * 2 - 1), "?"),
    Edge(5, "test correctness", MORE, of(test_correct=P["test_correct"] * 3), "?"),
    Edge(5, "test correctness", MORE, of(test_correct=P["test_correct"][:9]), "?"),
    Edge(5, "test correctness", MORE, of(test_correct=P["test_correct"].T), "?"),
    Edge(5, "test correctness", MORE, of(test_correct=np.where(P["test_correct"], 1, np.nan)), "?"),
    Edge(5, "probability", ALL, of(train_probability=probabilities() * 1.7), "?"),
    Edge(5, "probability", ALL, of(train_probability=probabilities() - 0.4), "?"),
    Edge(5, "probability", ALL, of(test_probability=probabilities(2, (10, 4)) * 100), "?"),
    Edge(5, "probability", ALL, of(train_probability=np.full((10, 6), np.nan)), "?"),
    Edge(0, "probability", ALL, of(train_probability=probabilities()[:, :5]), "?"),
    Edge(0, "probability", ALL, of(test_probability=probabilities(2, (10, 5))), "?"),
    Edge(0, "margin", ALL, of(train_margin=np.full((10, 6), np.inf)), "?"),
    Edge(11, "log odds", ALL, of(log_odds=np.full((10, 6), -np.inf)), "?"),
    Edge(0, "correctness", ALL, of(train_correct=None), "?"),
    Edge(0, "correctness", ALL, of(correctness=CORRECT), "?"),
    # labels
    Edge(0, "labels", ALL, of(train_labels=np.arange(5)), "?"),
    Edge(0, "labels", ALL, of(train_labels=np.arange(6) * 5000), "?"),
    Edge(0, "labels", ALL, of(train_labels=np.arange(6) - 1), "?"),
    Edge(0, "labels", ALL, of(train_labels=np.arange(6) + 0.5), "?"),
    Edge(2, "labels", ALL, of(train_labels=np.arange(6) + 2**32), "?"),
    Edge(2, "labels", ALL, of(test_labels=np.arange(4) + 3_000_000_000), "?"),
    Edge(6, "labels", ALL, of(test_labels=None), "?"),
    Edge(16, "labels", ALL, of(train_labels=np.array(list("abcdef"))), "?"),
    Edge(0, "labels", ALL, of(test_labels=np.arange(5)), "?"),
    # names
    Edge(6, "names", ALL, of(y=np.arange(6)), "?"),
    Edge(6, "names", ALL, of(test=P["test_correct"], test_correct=None, test_labels=None), "?"),
    Edge(6, "names", ALL, of(train_corect=CORRECT, train_correct=None), "?"),
    Edge(16, "source", "call", lambda: exchange.read_predictions("/nowhere"), "?"),
    Edge(16, "source", "command", lambda: "estimate --arrays /nowhere.npz --out out", "?"),
    Edge(16, "source", "command", lambda: f"estimate --arrays {write({'in/readme.txt': 'x'})[:2]} --out out", "?"),
    Edge(16, "source", "command", lambda: f"estimate --arrays {write({'in.npy': MASKS})} --out out", "?"),
    Edge(16, "source", "command", lambda: f"estimate --arrays {write({'in.csv': 'a,b'})} --out out", "?"),
    Edge(16, "source", "command", lambda: f"estimate --arrays {write({'in.npz': {}})} --out out", "?"),
    Edge(16, "source", "command", lambda: f"estimate --arrays {write({'in.npz': predictions()})} --out /proc/no", "?"),
    Edge(
        16,
        "score",
        "command",
        lambda: f"estimate --arrays {write({'in.npz': predictions()})} --out out --score margin",
        "?",
    ),
    Edge(
        16,
        "score",
        "command",
        lambda: (
            f"estimate --arrays {write({'in.npz': predictions(train_probability=probabilities())})} --out out --score probability"
        ),
        "?",
    ),
    # what is there is used
    Edge(0, "whole", THREE, of(), holds(tr_mem=MEMORIZATION)),
    Edge(
        0,
        "names of others",
        THREE,
        of(masks=None, keep=MASKS, train_correct=None, correctness=CORRECT),
        holds(tr_mem=MEMORIZATION),
    ),
    Edge(
        0,
        "0 and 1",
        THREE,
        of(masks=MASKS.astype(np.uint8), train_correct=CORRECT.astype(np.int8)),
        holds(tr_mem=MEMORIZATION),
    ),
    Edge(
        0,
        "0.0 and 1.0",
        THREE,
        of(masks=MASKS.astype(float), train_correct=CORRECT.astype(np.float16)),
        holds(tr_mem=MEMORIZATION),
    ),
    Edge(
        0,
        "another byte order",
        THREE,
        of(masks=MASKS.astype(">i4"), train_correct=CORRECT.astype(">f8")),
        holds(tr_mem=MEMORIZATION),
    ),
    Edge(
        0,
        "Fortran order",
        THREE,
        of(masks=np.asfortranarray(MASKS), train_correct=np.asfortranarray(CORRECT)),
        holds(tr_mem=MEMORIZATION),
    ),
    Edge(0, "indices", THREE, of(masks=None, indices=np.nonzero(MASKS)[1].reshape(10, 4)), holds(tr_mem=MEMORIZATION)),
    Edge(0, "margins alone", THREE, of(train_correct=None, train_margin=CORRECT - 0.5), holds(tr_mem=MEMORIZATION)),
    Edge(
        14,
        "one example always in",
        THREE,
        of(masks=np.where(np.arange(6) == 2, True, MASKS)),
        holds(tr_mem=np.where(np.arange(6) == 2, np.nan, MEMORIZATION)),
    ),
    Edge(
        0,
        "labels past uint8",
        THREE,
        of(train_labels=(np.arange(6) % 2).astype(np.uint8)),
        holds(tr_labels=np.arange(6) % 2),
    ),
    # Feldman and Zhang's checkpoints
    Edge(
        0,
        "aux_arrays",
        "call",
        lambda: checkpoints(aux()),
        holds(masks=[[1, 0, 1]], train_correct=[[1, 0, 1]], test_correct=[[1, 0]]),
    ),
    Edge(0, "aux_arrays", "call", lambda: checkpoints(aux(index_test=None)), "?"),
    Edge(
        0, "aux_arrays", "call", lambda: checkpoints(aux(), aux(index_removed=[1, 3], correctness_removed=[0, 0])), "?"
    ),
    Edge(0, "aux_arrays", "call", lambda: checkpoints(aux(index_train=[2, 2])), "?"),
    Edge(0, "aux_arrays", "call", lambda: checkpoints(aux(index_train=[2, 9])), "?"),
    Edge(0, "aux_arrays", "call", lambda: checkpoints(aux(index_train=[2, -1])), "?"),
    Edge(0, "aux_arrays", "call", lambda: checkpoints(aux(index_train=[2.0, 0.0])), "?"),
    Edge(0, "aux_arrays", "call", lambda: checkpoints(aux(correctness_train=[1.0])), "?"),
    Edge(5, "aux_arrays", "call", lambda: checkpoints(aux(correctness_train=[3.0, -1.0])), "?"),
    Edge(5, "aux_arrays", "call", lambda: checkpoints(aux(correctness_test=[0.3, np.nan])), "?"),
    Edge(0, "aux_arrays", "call", lambda: checkpoints(aux(index_test=5)), "?"),
    Edge(14, "aux_arrays", "call", lambda: exchange.outcomes_of(checkpoints(aux(), aux())), "?"),
    # LiRA's experiments
    Edge(0, "experiments", "call", experiments, holds(masks=MASKS, log_odds=probabilities())),
    Edge(0, "experiments", "call", lambda: experiments(**{"experiment-3_10/keep.npy": MASKS[0, :5]}), "?"),
    Edge(
        0, "experiments", "call", lambda: experiments(**{"experiment-3_10/scores/0000000010.npy": MASKS[0] * 1.0}), "?"
    ),
    Edge(0, "experiments", "call", lambda: experiments(**{"y_train.npy": np.arange(5)}), "?"),
    Edge(2, "experiments", "call", lambda: experiments(**{"y_train.npy": np.arange(6) + 0.5}), "?"),
    Edge(0, "experiments", "call", lambda: experiments(**{"y_train.npy": np.array(list("abcdef"))}), "?"),
    Edge(
        5,
        "experiments",
        "call",
        lambda: exchange.outcomes_of(experiments(**{"experiment-3_10/keep.npy": MASKS[0] * 2})),
        "?",
    ),
    Edge(0, "experiments", "call", lambda: experiments(**{"experiment-3_10/keep.npy": b"x"}), "?"),
    Edge(
        0, "experiments", "call", lambda: experiments(**{"experiment-3_10/logits/0000000010.npy": LOGITS[0, :, 0]}), "?"
    ),
    # published estimates
    Edge(
        0,
        "published estimates",
        "call",
        lambda: read(exchange.read_estimates, tr_labels=[0, 1], tr_mem=[0.5, 0.1]),
        holds(mem=[0.5, 0.1]),
    ),
    Edge(0, "published estimates", "call", lambda: read(exchange.read_estimates, tr_labels=[0, 1]), "?"),
    Edge(0, "published estimates", "call", lambda: read(exchange.read_estimates, tr_labels=[0, 1], tr_mem=[0.5]), "?"),
    Edge(
        0,
        "published estimates",
        "call",
        lambda: read(exchange.read_estimates, tr_labels=[0], tr_mem=[0.5], tr_classidx_0=[0]),
        "?",
    ),
    Edge(
        5,
        "published estimates",
        "call",
        lambda: read(exchange.read_estimates, tr_labels=[0, 1], tr_mem=[0.5, 7.0]),
        "?",
    ),
    Edge(
        0,
        "published estimates",
        "call",
        lambda: read(exchange.read_estimates, tr_labels=[0, 1], tr_mem=["a", "b"]),
        "?",
    ),
    Edge(
        0,
        "published pairs",
        "call",
        lambda: read(exchange.read_pairs, tr_idx=[0, 1], tt_idx=[3, 2], infl=[0.2, 0.9]),
        holds(tr_idx=[1, 0], tt_idx=[2, 3], value=[0.9, 0.2]),
    ),
    Edge(0, "published pairs", "call", lambda: read(exchange.read_pairs, tr_idx=[0, 1], tt_idx=[3, 2]), "?"),
    Edge(
        0, "published pairs", "call", lambda: read(exchange.read_pairs, tr_idx=[0, 1], tt_idx=[3], infl=[0.2, 0.9]), "?"
    ),
    Edge(
        0,
        "published pairs",
        "call",
        lambda: read(exchange.read_pairs, tr_idx=[0.5, 1], tt_idx=[3, 2], infl=[0.2, 0.9]),
        "?",
    ),
    Edge(
        0,
        "C-scores",
        "call",
        lambda: read(exchange.read_c_scores, labels=[0, 1], scores=[0.25, 1.0]),
        holds(mem=[0.75, 0.0]),
    ),
    Edge(0, "C-scores", "call", lambda: read(exchange.read_c_scores, labels=[0, 1]), "?"),
    Edge(5, "C-scores", "call", lambda: read(exchange.read_c_scores, labels=[0, 1], scores=[25.0, 100.0]), "?"),
    Edge(0, "agreement", "call", lambda: exchange.agreement([0, 1, 2], [0, 1]), "?"),
    Edge(0, "agreement", "call", lambda: exchange.agreement([0, 1, 2], [0, 1, 2], [0, 1, 1], [1, 0, 1]), "?"),
    Edge(11, "agreement", "call", lambda: exchange.agreement([0, np.nan, 2], [0, 1, 2]), "?"),
    Edge(
        11,
        "agreement",
        "call",
        lambda: exchange.agreement([0, 1, 2, np.nan], [0, 1, 2, 3]),
        holds(spearman=1.0, mean_difference=0.0),
    ),
    Edge(0, "agreement", "call", lambda: exchange.agreement([0, 0, 0], [0, 1, 2]), "?"),
]
