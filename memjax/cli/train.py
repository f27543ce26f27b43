"""The main command: train, estimate, report."""

from memjax import store
from memjax.cli.output import Output, conclude
from memjax.config.run_config import RunConfig
from memjax.machine.workers import make_worker


def train(config: RunConfig) -> None:
    """Trains, estimates, writes the report and prints the closing table."""
    worker = make_worker(config.share)
    output = Output(config.output, f"memjax {worker.index}/{worker.count}" if worker.count > 1 else "memjax")
    from memjax.runs.fit import fit_config

    if config.engine:
        import jax

        jax.config.update("jax_platforms", "cpu")  # a driver that held a GPU's memory would leave none to the tasks
    result = fit_config(config, None, output)
    report = result.folder / "report.html"
    if result.fresh or not store.is_there(report) or not config.examples:
        result.report(config.examples)
    made = {"report": store.shown(report), "trained": result.trained, "seconds": result.seconds}
    conclude(output, result.folder, result.dataset, made, store.shown(report), result.columns)
