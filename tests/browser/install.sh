#!/bin/sh
# Installs what the browser tests need, on Debian: Chromium from its packages, and the test extra.
# Usage: tests/browser/install.sh [PYTHON]
set -eu
python=${1:-python3}
if ! command -v chromium > /dev/null; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core > /dev/null
fi
"$python" -m pip install -q -e "$(dirname "$0")/../..[test,browser]"
echo "$(command -v chromium): $(chromium --version --no-sandbox 2> /dev/null)"
