"""The user's own words for the report: names of rows and columns, and the labels to look at."""

from typing import TYPE_CHECKING

from memjax.report.page.own import SUSPECTS_MOST, Own, features_of
from memjax.runs.suspects import sentence, suspect_order
from memjax.types import Table

if TYPE_CHECKING:
    from memjax.runs.result import Result


def own_words(result: "Result") -> Own:
    """What the report calls the examples of a run, and which labels it opens with."""
    data, dataset = result.given, result.dataset
    table, test_ids = (data.table, data.own_test_ids) if data else (None, None)
    if table is not None:
        rows = dataset.train_ids, dataset.test_ids
        sides = ([column[taken] for column in side] for side, taken in zip(table[1:], rows, strict=True))
        table = Table(table.names, *sides)
    return Own(
        ids=result.ids,
        test_ids=dataset.test_ids if test_ids is None else test_ids[dataset.test_ids],
        table=table or features_of(dataset),
        answer=sentence(result.columns),
        suspects=suspect_order(result.columns, SUSPECTS_MOST),
        columns=result.columns,
    )
