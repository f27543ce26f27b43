"""A real Chromium, started by its path, and pages that are watched: whatever they ask for or complain of is noted."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from chromium import find_chromium
from world import World, make_world

from memjax.report import draw_report, write_report


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser():
    try:
        from playwright.sync_api import sync_playwright

        path = find_chromium()
    except (ImportError, FileNotFoundError) as problem:
        tell = pytest.fail if os.environ.get("CI") else pytest.skip
        tell(f"{problem}; tests/browser/install.sh installs what is needed")
    with sync_playwright() as playwright:
        # The page draws a frame after it was acted on, and a test may read before that: every act waits a little.
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"], slow_mo=50)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def world() -> World:
    return make_world()


@pytest.fixture(scope="session")
def report(world, tmp_path_factory) -> Path:
    """The report of the world, written once for all tests that only look."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(path, draw_report(*world.arrays, world.facts, world.warnings, checksums=world.checksums))
    return path


@pytest.fixture
def visit(browser, report) -> Callable:
    """Opens a page; at the end of the test it must have asked for nothing, complained of nothing and called nobody."""
    contexts, complaints = [], []

    def opened(hash: str = "", path: Path = report, **options):
        context = browser.new_context(viewport={"width": 1280, "height": 860}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        own = (path.as_uri(), path.with_name(f"{path.stem}-images").as_uri() + "/")
        page.on("console", lambda message: complaints.append(f"console {message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))

        def judge(route):
            url = route.request.url
            if not url.startswith(own):
                complaints.append(f"request: {url[:200]}")
                return route.abort()
            return route.continue_()

        context.route(lambda url: not url.startswith(("data:", "blob:")), judge)
        page.goto(f"{path.as_uri()}{hash}")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not complaints
