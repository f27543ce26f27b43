"""Draws the pictures of the report's first screen: scikit-learn's breast cancer table with 5 % wrong labels.

sh tests/browser/install.sh python3 && python3 docs/pictures.py
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer

import memjax

ROOT = Path(__file__).parent.parent
SCREENS = {
    "labels_light": (1280, 800, "light"),
    "labels_dark": (1280, 800, "dark"),
    "labels_phone": (390, 800, "light"),
}


def corrupted_table():
    """The table with words as labels and names of patients; one label in twenty is wrong."""
    data = load_breast_cancer(as_frame=True)
    table = data.frame.drop(columns="target").round(4)
    rng = np.random.default_rng(0)
    wrong = rng.permutation(len(table))[: len(table) // 20]
    label = data.target.to_numpy().copy()
    label[wrong] = 1 - label[wrong]
    table.insert(0, "patient", [f"P{row:04d}" for row in range(len(table))])
    return table.assign(diagnosis=data.target_names[label])


def main() -> None:
    sys.path.insert(0, str(ROOT / "tests" / "browser"))
    from chromium import find_chromium
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder:
        options = {"target": "diagnosis", "id": "patient", "test_fraction": 0.0, "num_models": 200}
        result = memjax.fit(corrupted_table(), run=Path(folder) / "run", name="breast cancer", **options)
        page_of = result.report().path.as_uri()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
            for name, (width, height, scheme) in SCREENS.items():
                page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
                page.goto(page_of)
                page.wait_for_timeout(500)
                page.screenshot(path=ROOT / "docs" / "_static" / f"{name}.png")


if __name__ == "__main__":
    main()
