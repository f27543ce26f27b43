"""Where the browser is."""

import os
import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str:
    """Path of the Chromium to test with: MEMJAX_CHROMIUM, or the one on the PATH.

    Raises:
      FileNotFoundError: there is none.
    """
    found = os.environ.get("MEMJAX_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        raise FileNotFoundError("there is no Chromium on the PATH")
    return found
