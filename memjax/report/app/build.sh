#!/bin/sh
# Builds the script of the report from its sources: Node 18 or newer and npm are needed.
set -eu
cd "$(dirname "$0")"
npm ci --silent --no-fund --no-audit
npm run --silent check
npm run --silent build
