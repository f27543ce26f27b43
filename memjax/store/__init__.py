"""The files of a run.  A run has no state outside its folder.  Importing this package does not import jax."""

from memjax.store.array_names import Results, as_estimates, as_pairs, can_be_read, read_estimates, read_found
from memjax.store.blocks import (
    Block,
    CorruptBlock,
    commit_staged,
    read_block,
    read_parameters,
    remove_parameters,
    write_block,
)
from memjax.store.files import (
    Stamp,
    has_links,
    is_there,
    publish,
    remove_folder,
    remove_leftovers,
    stamps,
    total_size,
    write_arrays,
    write_atomically,
)
from memjax.store.objects import afresh, place, shown, url_of
from memjax.store.outcomes import read_curves, read_held_out, read_means, read_outcomes
from memjax.store.plan import Plan, add_network, differences, extend_plan, new_plan, read_plan, write_places
from memjax.store.records import finished_among, finished_blocks, is_finished, read_record, record_path, set_aside
from memjax.store.result_sets import (
    ResultsNote,
    as_noted,
    has_results,
    new_set,
    publish_set,
    read_arrays,
    read_note,
    read_results,
    remove_replaced,
    show,
)
from memjax.store.sealed import BrokenSeal
from memjax.store.stock import Stock, changed_blocks, take_stock, write_index
from memjax.store.verify import Finding, verify
