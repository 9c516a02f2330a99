"""Warm worker: the code that a file will be when a run of the tests loads it.

Runs inside a jail without any tree, under the project's own Python (3.8 or newer); compiles and never
executes what it is sent. Requests come on standard input, replies go to the descriptor that ASSAY_REPORT_FD
names; both are framed by a 4-byte big-endian length. The form of a request stands in `assay/gates/frames.py`;
`modules` in it are what the work is done by, with `press` among them (see `assay/gates/inject/press.py`).
"""

import base64
import json
import os
import struct
import sys
import types
from typing import Any, BinaryIO

_NAMES = "assay.gates.inject."


def load(modules: "list[list[str]]") -> Any:
    """The module `press`. Each of `modules` (name, text) may import those before it; loaded once."""
    if _NAMES + "press" not in sys.modules:
        for name, text in modules:
            module = sys.modules[_NAMES + name] = types.ModuleType(_NAMES + name)
            exec(compile(text, name, "exec", 0, True), vars(module))  # noqa: S102 our own text
    return sys.modules[_NAMES + "press"]


def answer(payload: bytes) -> bytes:
    """The reply to one request: for each unit its code in base 64, empty where there is none."""
    (length,) = struct.unpack(">I", payload[:4])
    header = json.loads(payload[4 : 4 + length].decode("ascii"))
    press = load(header["modules"])
    position = 4 + length
    replies = []
    for unit in header["units"]:
        data = payload[position : position + unit["size"]]
        position += unit["size"]
        code = press.press(unit["path"], header["root"], unit["kind"], data, header["patterns"])
        replies.append({"id": unit["id"], "code": base64.b64encode(code).decode("ascii")})
    return json.dumps({"units": replies}).encode("ascii")


def read_exactly(source: BinaryIO, count: int) -> bytes:
    """`count` bytes, or none at the end."""
    data = source.read(count)
    return data if len(data) == count else b""


def main() -> None:
    """Answer until standard input closes."""
    with os.fdopen(int(os.environ["ASSAY_REPORT_FD"]), "wb") as report:
        while True:
            prefix = read_exactly(sys.stdin.buffer, 4)
            payload = read_exactly(sys.stdin.buffer, struct.unpack(">I", prefix)[0]) if prefix else b""
            if not payload:
                return
            reply = answer(payload)
            report.write(struct.pack(">I", len(reply)) + reply)
            report.flush()


if __name__ == "__main__":
    main()
