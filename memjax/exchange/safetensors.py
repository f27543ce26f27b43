"""Files of safetensors, which other libraries read without running code: a length, a header in JSON, the arrays.

The format: https://github.com/huggingface/safetensors#format
"""

import json
from typing import BinaryIO

import numpy as np

KINDS = {"float32": "F32", "float16": "F16", "bfloat16": "BF16", "int32": "I32", "uint32": "U32", "bool": "BOOL"}


def write(stream: BinaryIO, arrays: dict[str, np.ndarray]) -> None:
    """Writes named arrays, in the order given."""
    header, start = {}, 0
    for name, array in arrays.items():
        end = start + array.nbytes
        header[name] = {"dtype": KINDS[str(array.dtype)], "shape": array.shape, "data_offsets": [start, end]}
        start = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # arrays begin at a multiple of 8 bytes
    stream.write(len(text).to_bytes(8, "little") + text)
    for array in arrays.values():
        stream.write(np.ascontiguousarray(array).tobytes())
