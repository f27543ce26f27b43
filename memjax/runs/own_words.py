"""The user's own words for the report: names of rows and columns, and the labels to look at."""

import numpy as np

from memjax.data.in_memory import InMemory
from memjax.report.page.own import SUSPECTS_MOST, Own, features_of
from memjax.runs.suspects import sentence, suspect_order
from memjax.types import Dataset, Table


def own_words(data: InMemory | None, dataset: Dataset, ids: np.ndarray, columns: dict[str, np.ndarray]) -> Own:
    """What the report calls the examples of a run, and which labels it opens with.

    Args:
      data: the examples as they were given in memory; None if they have a source of their own.
      ids: the user's own name of each training example.
      columns: of all training examples, as of `Result.columns`.
    """
    table, test_ids = (data.table, data.own_test_ids) if data else (None, None)
    if table is not None:
        rows = dataset.train_ids, dataset.test_ids
        sides = ([column[taken] for column in side] for side, taken in zip(table[1:], rows, strict=True))
        table = Table(table.names, *sides)
    return Own(
        ids=ids,
        test_ids=dataset.test_ids if test_ids is None else test_ids[dataset.test_ids],
        table=table or features_of(dataset),
        answer=sentence(columns),
        suspects=suspect_order(columns, SUSPECTS_MOST),
        columns=columns,
    )
