"""Predictions of models that were trained elsewhere: in files, in folders and in memory."""

import numpy as np

from memjax import exchange
from tests.edges.edge import Edge, holds, says
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


OTHER = aux(index_train=[1, 0], index_removed=[2])


def named(**changes):
    """A command line with other arrays."""
    return f"estimate --arrays {write({'in.npz': predictions(**changes)})} --out out"


def scored(score, **changes):
    """A command line that asks for a score."""
    return f"estimate --arrays {write({'in.npz': predictions(**changes)})} --out out --score {score}"


# fmt: off
ROWS = [
    # masks
    Edge(0, "masks", ALL, of(masks=None), "there is no masks; give it under one of the ... trainset_mask, train_masks"),
    Edge(0, "masks", ALL, of(keep=MASKS), "masks and keep both mean masks; leave one out"),
    Edge(0, "masks", ALL, of(masks=MASKS.T), "masks has shape (6, 10) and the training scores ... them transposed? Rows are models"),
    Edge(5, "masks", ALL, of(masks=MASKS.astype(int) * 2), "masks holds values other than 0 and 1; give 1 ... trained on an example, else 0"),
    Edge(5, "masks", ALL, of(masks=MASKS * 2 - 1), "masks holds values other than 0 and 1; give 1 ... trained on an example, else 0"),
    Edge(5, "masks", ALL, of(masks=MASKS * 0.5), "masks holds values other than 0 and 1; give 1 ... trained on an example, else 0"),
    Edge(5, "masks", ALL, of(masks=np.where(MASKS, 1, np.nan)), "masks holds values other than 0 and 1; give 1 ... trained on an example, else 0"),
    Edge(14, "masks", ALL, of(masks=np.ones((10, 6), bool)), "masks (10, 6) is true everywhere; expected that ... example with those that did not"),
    Edge(14, "masks", ALL, of(masks=np.zeros((10, 6), bool)), "masks (10, 6) is false everywhere; expected ... example with those that did not"),
    Edge(14, "masks", ALL, of(masks=np.tile(MASKS[:1], (10, 1))), "masks (10, 6) is the same in every row; ... example with those that did not"),
    Edge(14, "masks", ALL, of(masks=MASKS[:1], train_correct=CORRECT[:1], test_correct=P["test_correct"][:1]), "masks (1, 6) is the same in every row; expected ... example with those that did not"),
    Edge(14, "masks", ALL, of(masks=MASKS[:0], train_correct=CORRECT[:0], test_correct=P["test_correct"][:0]), "masks has no row; give one per model"),
    Edge(14, "masks", ALL, of(masks=MASKS[:, :0], train_correct=CORRECT[:, :0], train_labels=None), "masks (10, 0) is true everywhere; expected that ... example with those that did not"),
    Edge(0, "masks", ALL, of(masks=MASKS[:, :5]), "masks has shape (10, 5) and the training scores ... (10, 6); expected the same"),
    Edge(0, "masks", ALL, of(masks=MASKS[0]), "masks has shape (6,); expected (models, train)"),
    Edge(0, "masks", ALL, of(masks=MASKS.astype(str)), "masks holds <U5; expected bool or numbers"),
    Edge(0, "indices", ALL, of(masks=None, indices=np.full((10, 3), 6)), "indices holds 6 to 6; expected rows 0 to 5"),
    Edge(0, "indices", ALL, of(masks=None, indices=np.full((10, 3), -1)), "indices holds -1 to -1; expected rows 0 to 5"),
    Edge(0, "indices", ALL, of(masks=None, indices=np.ones((10, 3))), "indices holds float64 (10, 3); expected whole ... numbers (10, subset size)"),
    Edge(0, "indices", ALL, of(masks=None, indices=np.ones((9, 3), int)), "indices holds int64 (9, 3); expected whole numbers (10, subset size)"),
    Edge(2, "indices", ALL, of(masks=None, indices=np.full((10, 3), 2**32)), "indices holds 4294967296 to 4294967296; expected rows 0 to 5"),
    # correctness
    Edge(5, "correctness", MEM, of(train_correct=CORRECT * 2 - 1), "holds whole numbers from -1 to 1; ... give floating-point numbers"),
    Edge(5, "correctness", MEM, of(train_correct=CORRECT * 2.0 - 1), "holds numbers from -1 to 1; ... 1; for -1 and +1 give values > 0"),
    Edge(5, "correctness", MEM, of(train_correct=CORRECT * 7), "holds whole numbers from 0 to 7; ... give floating-point numbers"),
    Edge(5, "correctness", "estimate, report_arrays", of(train_correct=CORRECT * 255.0), "train_correct holds numbers from 0 to 255; ... True where the model is right"),
    Edge(5, "correctness", "estimate, report_arrays", of(train_correct=probabilities() * 2.1 - 0.4), "train_correct holds numbers from -0.342126 to ... True where the model is right"),
    Edge(5, "correctness", "estimate, report_arrays", of(train_correct=probabilities()), "train_correct holds numbers from 0.0275591 to ... call the array train_probability"),
    Edge(5, "correctness", MEM, of(train_correct=np.where(CORRECT, 1, np.nan)), "holds values that are not finite ... leave out models that diverged"),
    Edge(5, "correctness", MEM, of(train_correct=np.where(CORRECT, 1, np.inf)), "holds values that are not finite ... leave out models that diverged"),
    Edge(5, "correctness", MEM, of(train_correct=CORRECT.astype(str)), "holds <U5; expected bool or numbers"),
    Edge(5, "correctness", "memorization, c_score", of(train_correct=CORRECT.T), "correct has shape ... expected"),
    Edge(5, "correctness", "estimate, report_arrays", of(train_correct=CORRECT.T), "masks has shape (10, 6) and the training scores ... them transposed? Rows are models"),
    Edge(5, "correctness", "memorization, c_score", of(train_correct=CORRECT[:, :5]), "correct has shape ... expected"),
    Edge(5, "correctness", "estimate, report_arrays", of(train_correct=CORRECT[:, :5]), "masks has shape (10, 6) and the training scores ... (10, 5); expected the same"),
    Edge(5, "correctness", "memorization, c_score", of(train_correct=CORRECT[:9]), "correct has shape ... expected"),
    Edge(5, "correctness", "estimate, report_arrays", of(train_correct=CORRECT[:9]), "masks has shape (10, 6) and the training scores ... (9, 6); expected the same"),
    Edge(5, "correctness", "memorization, c_score", of(train_correct=CORRECT[0]), "correct has shape ... expected"),
    Edge(5, "correctness", "estimate, report_arrays", of(train_correct=CORRECT[0]), "masks has shape (10, 6) and the training scores ... (6,); expected the same"),
    Edge(5, "correctness", "memorization, c_score", of(train_correct=CORRECT[..., None]), "correct has shape ... expected"),
    Edge(5, "correctness", "estimate, report_arrays", of(train_correct=CORRECT[..., None]), "masks has shape (10, 6) and the training scores ... (10, 6, 1); expected the same"),
    Edge(5, "correctness", "report_arrays, memorization, c_score", of(train_correct=CORRECT.astype(complex)), "correct holds complex128; expected bool or numbers"),
    Edge(5, "test correctness", MORE, of(test_correct=P["test_correct"] * 2 - 1), "holds whole numbers from -1 to 1; ... give floating-point numbers"),
    Edge(5, "test correctness", MORE, of(test_correct=P["test_correct"] * 3), "holds whole numbers from 0 to 3; ... give floating-point numbers"),
    Edge(5, "test correctness", MORE, of(test_correct=P["test_correct"][:9]), "has shape (9, 4); expected (10, ... a row for each of masks"),
    Edge(5, "test correctness", MORE, of(test_correct=P["test_correct"].T), "has shape (4, 10); expected (10, ... a row for each of masks"),
    Edge(5, "test correctness", MORE, of(test_correct=np.where(P["test_correct"], 1, np.nan)), "holds values that are not finite ... leave out models that diverged"),
    Edge(5, "probability", ALL, of(train_probability=probabilities() * 1.7), "train_probability holds numbers from 0.0468505 ... call the array train_margin"),
    Edge(5, "probability", ALL, of(train_probability=probabilities() - 0.4), "train_probability holds numbers from -0.372441 ... call the array train_margin"),
    Edge(5, "probability", ALL, of(test_probability=probabilities(2, (10, 4)) * 100), "test_probability holds numbers from 5.51466 to ... logits call the array test_margin"),
    Edge(5, "probability", ALL, of(train_probability=np.full((10, 6), np.nan)), "train_probability holds values that are not ... leave out models that diverged"),
    Edge(0, "probability", ALL, of(train_probability=probabilities()[:, :5]), "train_probability has shape (10, 5) and masks ... (10, 6); expected the same"),
    Edge(0, "probability", ALL, of(test_probability=probabilities(2, (10, 5))), "the arrays of test examples have different ... 4, 'test_probability': 5}"),
    Edge(0, "margin", ALL, of(train_margin=np.full((10, 6), np.inf)), "train_margin holds values that are not finite ... leave out models that diverged"),
    Edge(11, "log odds", ALL, of(log_odds=np.full((10, 6), -np.inf)), "train_log_odds holds values that are not finite ... leave out models that diverged"),
    Edge(0, "correctness", ALL, of(train_correct=None), "there is no train_correct; give it under one of ... correct, correctness"),
    Edge(0, "correctness", ALL, of(correctness=CORRECT), "train_correct and correctness both mean train_correct; leave one out"),
    # labels
    Edge(0, "labels", ALL, of(train_labels=np.arange(5)), "train has 6 inputs and 5 labels; expected one label per input"),
    Edge(0, "labels", THREE, of(train_labels=np.arange(6) * 5000, test_labels=np.arange(4) * 5000), holds(tr_labels=np.arange(6))),
    Edge(0, "labels", THREE, of(train_labels=np.arange(6) - 1, test_labels=np.arange(4)), holds(tr_labels=np.arange(6), tt_labels=[1, 2, 3, 4])),
    Edge(0, "labels", ALL, of(train_labels=np.arange(6) + 0.5), "train label 0.5 of row 0 is no class; expected ... are to be predicted give --task regression"),
    Edge(2, "labels", THREE, of(train_labels=np.arange(6) + 2**32, test_labels=np.arange(4) + 2**32), holds(tr_labels=np.arange(6))),
    Edge(2, "labels", THREE, of(train_labels=np.arange(6) % 2 + 3_000_000_000, test_labels=np.full(4, 3_000_000_001)), holds(tr_labels=np.arange(6) % 2, tt_labels=[1] * 4)),
    Edge(6, "labels", ALL, of(test_labels=None), "train_labels are given without test_labels; ... all examples then are one class"),
    Edge(16, "labels", ALL, of(train_labels=np.array(list("abcdef"))), "train labels are <U1 and test labels are int64; ... give both the same type"),
    Edge(0, "labels", ALL, of(test_labels=np.arange(5)), "test has 4 inputs and 5 labels; expected one label per input"),
    # names
    Edge(6, "names", "command", lambda: named(y=np.arange(6)), says("arrays of unknown names are not used: y;")),
    Edge(6, "names", "command", lambda: named(test=P["test_correct"], test_correct=None, test_labels=None), says("test (did you mean y_test?)")),
    Edge(6, "names", "report_arrays, outcomes_of", of(train_corect=CORRECT, train_correct=None), "there is no train_correct; give it under one of the names: train_correct"),
    Edge(16, "source", "call", lambda: exchange.read_predictions("/nowhere"), "/nowhere does not exist; check the path"),
    Edge(16, "source", "command", lambda: "estimate --arrays /nowhere.npz --out out", "/nowhere.npz does not exist; check the path"),
    Edge(16, "source", "command", lambda: f"estimate --arrays {write({'in/readme.txt': 'x'})[:2]} --out out", "in holds no npy file of a known name; known are ... tt_labels, y_test, y_train"),
    Edge(16, "source", "command", lambda: f"estimate --arrays {write({'in.npy': MASKS})} --out out", "in.npy is a single array; write all arrays into ... one npz file with numpy.savez"),
    Edge(16, "source", "command", lambda: f"estimate --arrays {write({'in.csv': 'a,b'})} --out out", "in.csv cannot be read: File is not a zip file; ... check the file or get it again"),
    Edge(16, "source", "command", lambda: f"estimate --arrays {write({'in.npz': {}})} --out out", "there is no train_correct; give it under one of ... correct, correctness"),
    Edge(16, "source", "command", lambda: f"estimate --arrays {write({'in.npz': predictions()})} --out /proc/no", "/proc/no: No such file or directory; check the ... path and its permissions"),
    Edge(16, "score", "command", lambda: scored("margin"), "there is no train_margin, of which memorization ... are others: give --score correct"),
    Edge(16, "score", "command", lambda: scored("probability", train_probability=probabilities()), "there is no test_probability, of which ... are others: give --score correct"),
    # what is there is used
    Edge(0, "whole", THREE, of(), holds(tr_mem=MEMORIZATION)),
    Edge(0, "names of others", THREE, of(masks=None, keep=MASKS, train_correct=None, correctness=CORRECT), holds(tr_mem=MEMORIZATION)),
    Edge(0, "0 and 1", THREE, of(masks=MASKS.astype(np.uint8), train_correct=CORRECT.astype(np.int8)), holds(tr_mem=MEMORIZATION)),
    Edge(0, "0.0 and 1.0", THREE, of(masks=MASKS.astype(float), train_correct=CORRECT.astype(np.float16)), holds(tr_mem=MEMORIZATION)),
    Edge(0, "another byte order", THREE, of(masks=MASKS.astype(">i4"), train_correct=CORRECT.astype(">f8")), holds(tr_mem=MEMORIZATION)),
    Edge(0, "Fortran order", THREE, of(masks=np.asfortranarray(MASKS), train_correct=np.asfortranarray(CORRECT)), holds(tr_mem=MEMORIZATION)),
    Edge(0, "indices", THREE, of(masks=None, indices=np.nonzero(MASKS)[1].reshape(10, 4)), holds(tr_mem=MEMORIZATION)),
    Edge(0, "margins alone", THREE, of(train_correct=None, train_margin=CORRECT - 0.5), holds(tr_mem=MEMORIZATION)),
    Edge(14, "one example always in", THREE, of(masks=np.where(np.arange(6) == 2, True, MASKS)), holds(tr_mem=np.where(np.arange(6) == 2, np.nan, MEMORIZATION))),
    Edge(0, "labels past uint8", THREE, of(train_labels=(np.arange(6) % 2).astype(np.uint8)), holds(tr_labels=np.arange(6) % 2)),
    # Feldman and Zhang's checkpoints
    Edge(0, "aux_arrays", "call", lambda: checkpoints(aux()), holds(masks=[[1, 0, 1]], train_correct=[[1, 0, 1]], test_correct=[[1, 0]])),
    Edge(0, "aux_arrays", "call", lambda: checkpoints(aux(index_test=None)), "in/0/aux_arrays.npz lacks index_test"),
    Edge(0, "aux_arrays", "call", lambda: checkpoints(aux(), aux(index_removed=[1, 3], correctness_removed=[0, 0])), "in/1/aux_arrays.npz is of (4, 2) training and ... test examples, others of (3, 2); expected the same of all models"),
    Edge(0, "aux_arrays", "call", lambda: checkpoints(aux(index_train=[2, 2])), "in/0/aux_arrays.npz: its indices do not name ... examples once; get the file again"),
    Edge(0, "aux_arrays", "call", lambda: checkpoints(aux(index_train=[2, 9])), "in/0/aux_arrays.npz: its indices do not name ... examples once; get the file again"),
    Edge(0, "aux_arrays", "call", lambda: checkpoints(aux(index_train=[2, -1])), "in/0/aux_arrays.npz: its indices do not name ... examples once; get the file again"),
    Edge(0, "aux_arrays", "call", lambda: checkpoints(aux(index_train=[2.0, 0.0])), "in/0/aux_arrays.npz: its indices do not name ... examples once; get the file again"),
    Edge(0, "aux_arrays", "call", lambda: checkpoints(aux(correctness_train=[1.0])), "in/0/aux_arrays.npz: its indices do not name ... examples once; get the file again"),
    Edge(5, "aux_arrays", "call", lambda: exchange.outcomes_of(checkpoints(aux(correctness_train=[3.0, -1.0]), OTHER)), "train_correct holds numbers from -1 to 3; expected only 0 and 1"),
    Edge(5, "aux_arrays", "call", lambda: exchange.outcomes_of(checkpoints(aux(correctness_test=[0.3, np.nan]), OTHER)), "test_correct holds values that are not finite numbers"),
    Edge(0, "aux_arrays", "call", lambda: checkpoints(aux(index_test=5)), "in/0/aux_arrays.npz: index_test is int64 (); ... of numbers; get the file again"),
    Edge(14, "aux_arrays", "call", lambda: exchange.outcomes_of(checkpoints(aux(), aux())), "masks (2, 3) is the same in every row; expected ... example with those that did not"),
    # LiRA's experiments
    Edge(0, "experiments", "call", experiments, holds(masks=MASKS, log_odds=probabilities())),
    Edge(0, "experiments", "call", lambda: experiments(**{"experiment-3_10/keep.npy": MASKS[0, :5]}), "in: the experiments have arrays of shapes ... (6,)]; expected one, of 1 axes"),
    Edge(0, "experiments", "call", lambda: experiments(**{"experiment-3_10/scores/0000000010.npy": MASKS[0] * 1.0}), "in: the experiments have arrays of shapes ... (6, 1)]; expected one, of 2 axes"),
    Edge(0, "experiments", "call", lambda: experiments(**{"y_train.npy": np.arange(5)}), "in/y_train.npy holds int64 (5,); expected 6 ... example's label in the logits"),
    Edge(2, "experiments", "call", lambda: experiments(**{"y_train.npy": np.arange(6) + 0.5}), "in/y_train.npy holds float64 (6,); expected 6 ... example's label in the logits"),
    Edge(0, "experiments", "call", lambda: experiments(**{"y_train.npy": np.array(list("abcdef"))}), "in/y_train.npy holds <U1 (6,); expected 6 whole ... example's label in the logits"),
    Edge(5, "experiments", "call", lambda: exchange.outcomes_of(experiments(**{"experiment-3_10/keep.npy": MASKS[0] * 2})), "masks holds values other than 0 and 1; give 1 ... trained on an example, else 0"),
    Edge(0, "experiments", "call", lambda: experiments(**{"experiment-3_10/keep.npy": b"x"}), "in/experiment-3_10/keep.npy is not an array in ... it with numpy.save or numpy.savez"),
    Edge(0, "experiments", "call", lambda: experiments(**{"experiment-3_10/logits/0000000010.npy": LOGITS[0, :, 0]}), "in: the experiments have arrays of shapes [(6, ... 1, 2)]; expected one, of 4 axes"),
    # published estimates
    Edge(0, "published estimates", "call", lambda: read(exchange.read_estimates, tr_labels=[0, 1], tr_mem=[0.5, 0.1]), holds(mem=[0.5, 0.1])),
    Edge(0, "published estimates", "call", lambda: read(exchange.read_estimates, tr_labels=[0, 1]), "in.npz holds tr_labels; expected tr_mem too; get the file again"),
    Edge(0, "published estimates", "call", lambda: read(exchange.read_estimates, tr_labels=[0, 1], tr_mem=[0.5]), "in.npz: tr_labels, tr_mem have different lengths; get the file again"),
    Edge(0, "published estimates", "call", lambda: read(exchange.read_estimates, tr_labels=[0, 1], tr_mem=["a", "b"]), "in.npz: tr_mem holds <U1; expected numbers, ... ones for rows; get the file again"),
    Edge(0, "published pairs", "call", lambda: read(exchange.read_pairs, tr_idx=[0, 1], tt_idx=[3, 2], infl=[0.2, 0.9]), holds(tr_idx=[1, 0], tt_idx=[2, 3], infl=[0.9, 0.2])),
    Edge(0, "published pairs", "call", lambda: read(exchange.read_pairs, tr_idx=[0, 1], tt_idx=[3, 2]), "in.npz holds tr_idx, tt_idx; expected infl too; get the file again"),
    Edge(0, "published pairs", "call", lambda: read(exchange.read_pairs, tr_idx=[0, 1], tt_idx=[3], infl=[0.2, 0.9]), "in.npz: tr_idx, tt_idx, infl have different ... lengths; get the file again"),
    Edge(0, "published pairs", "call", lambda: read(exchange.read_pairs, tr_idx=[0.5, 1], tt_idx=[3, 2], infl=[0.2, 0.9]), "in.npz: tr_idx holds float64; expected numbers, ... ones for rows; get the file again"),
    Edge(0, "C-scores", "call", lambda: read(exchange.read_c_scores, labels=[0, 1], scores=[0.25, 1.0]), holds(mem=[0.75, 0.0])),
    Edge(0, "C-scores", "call", lambda: read(exchange.read_c_scores, labels=[0, 1]), "in.npz holds labels; expected scores too; get the file again"),
    Edge(5, "C-scores", "call", lambda: read(exchange.read_c_scores, labels=[0, 1], scores=[25.0, 100.0]), "scores holds numbers from 25 to 100; expected ... check what was computed"),
    Edge(0, "agreement", "call", lambda: exchange.agreement(np.array([0, 1, 2]), np.array([0, 1])), "the scores have shapes (3,) and (2,); expected one each example"),
    Edge(0, "agreement", "call", lambda: exchange.agreement(np.array([0, 1, 2]), np.array([0, 1, 2]), np.array([0, 1, 1]), np.array([1, 0, 1])), "the labels differ; give the same examples in the same order"),
    Edge(11, "agreement", "call", lambda: exchange.agreement(np.array([0, np.nan, 2]), np.array([0, 1, 2])), "2 examples have both scores; expected at least 3"),
    Edge(11, "agreement", "call", lambda: exchange.agreement(np.array([0, 1, 2, np.nan]), np.array([0, 1, 2, 3])), holds(spearman=1.0, mean_difference=0.0)),
    Edge(0, "agreement", "call", lambda: exchange.agreement(np.array([0, 0, 0]), np.array([0, 1, 2])), holds(spearman=np.nan, mean_difference=1.0)),
]
