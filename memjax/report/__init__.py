"""A report of one run as a single HTML page: no script, nothing fetched, readable from disk in ten years.

Whatever a data set brought along (class names, its own name, labels) is shown as text and never as markup; images are
drawn anew from pixel arrays.
"""

import base64
import hashlib
from pathlib import Path

import numpy as np

from memjax.report import content, figures, words
from memjax.types import Dataset

__all__ = ["render_report"]

CARDS_SHOWN = 60  # the most memorized examples
CONTRAST_SHOWN = 20  # on either side of typical and in between
PAIRS_SHOWN = 40


def render_report(
    dataset: Dataset,
    estimates: dict[str, np.ndarray],
    pairs: dict[str, np.ndarray],
    facts: dict[str, str],
    warnings: list[str],
) -> str:
    """The report as the text of an HTML page.

    Args:
      dataset: the examples the estimates are of, in the same order.
      estimates: by name, one value a training example: tr_mem, tr_mem_stderr, tr_num_in, tr_num_out, tr_correct_in,
        tr_correct_out, tr_labels, where known tr_probability_out; one a test example: tt_labels, tt_correct; scalars:
        num_models, num_failed, in_sample_accuracy, held_out_accuracy, test_accuracy.  NaN where undefined.
      pairs: the train-test pairs that passed, strongest first: tr_idx, tt_idx (rows of the data set), infl,
        infl_stderr, mem, mem_stderr; scalars: infl_threshold, mem_threshold.
      facts: the configuration, name -> text.
      warnings: sentences the reader should know before any number.
    """
    content.check_fits(dataset, estimates, pairs)
    mem = estimates["tr_mem"]
    examples = content.Examples(dataset, estimates)
    text = (
        _environment()
        .get_template("page.html")
        .render(
            name=dataset.name,
            tiles=content.overview(dataset, estimates),
            warnings=warnings,
            histogram=figures.histogram_drawing(mem),
            num_undefined=int(np.isnan(mem).sum()),
            classes=content.by_class(dataset, mem),
            gallery=examples.most_memorized(CARDS_SHOWN),
            typical=examples.nearest(0.0, CONTRAST_SHOWN),
            between=examples.nearest(0.5, CONTRAST_SHOWN),
            num_train=dataset.num_train,
            num_mislabelled=int(dataset.mislabelled.sum()),
            pairs=content.pair_summary(dataset, mem, pairs, PAIRS_SHOWN),
            pair_rows=examples.strongest_pairs(pairs, PAIRS_SHOWN),
            facts=facts,
            has_probability="tr_probability_out" in estimates,
        )
    )
    # A file name that is no valid UTF-8 reaches us as lone surrogates, which no file could hold.
    return text.encode("utf-8", "replace").decode("utf-8")


def _environment():
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": words.number, "percent": words.percent, "whole": words.whole, "sha256": _sha256}
    return environment


def _sha256(text: str) -> str:
    """The name by which a content security policy allows one inline block and no other."""
    return base64.b64encode(hashlib.sha256(str(text).encode()).digest()).decode()
