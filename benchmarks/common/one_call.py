"""Calls one function in a process of its own and prints what it returns as a JSON line.

python -m benchmarks.common.one_call benchmarks.processes:seconds_a_model '{"way": "two workers"}'
"""

import importlib
import json
import sys


def main(function: str, arguments: str) -> None:
    module, _, name = function.partition(":")
    print(json.dumps(getattr(importlib.import_module(module), name)(**json.loads(arguments))))


if __name__ == "__main__":
    main(*sys.argv[1:])
