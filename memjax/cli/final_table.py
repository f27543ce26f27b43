"""The closing table of a run."""

from pathlib import Path
from typing import Any

from memjax import store
from memjax.cli.output import Output, table
from memjax.runs import summary
from memjax.runs.progress import clock


def conclude(output: Output, folder: Path, dataset, made: dict[str, Any], short: str) -> None:
    """Prints the closing table: the files written, the findings and the warnings."""
    estimates, pairs = store.just_written(folder)
    found = summary.findings(dataset, estimates, pairs)
    rows = [(name, str(made[name])) for name in ("report", "estimates") if name in made]
    rows += summary.rows(found)
    if made.get("trained"):
        rate = made["trained"] / made["seconds"]
        rows.append(("time", f"{clock(made['seconds'])}, {made['trained']:,} models trained, {rate:.1f} per second"))
    rows += [("warning", text) for text in found["warnings"]]
    top = "\n".join(summary.most_memorized(dataset, estimates))
    output.result("summary", f"\n{table(rows)}\n\nThe most memorized examples:\n{top}", short, **made, **found)
