"""Warm worker: does each source compile with this interpreter?

Runs inside a jail under the project's own Python (3.6 or newer), with `-I -S`; compiles and never executes.
Requests come on standard input, replies go to the descriptor that ASSAY_REPORT_FD names; both are framed by
a 4-byte big-endian length. The form of a request stands in `assay/gates/frames.py`.
"""

import json
import os
import struct
import sys
import warnings


def compile_one(path: str, source: bytes) -> object:
    """None if `source` (bytes) compiles, else where and why not."""
    try:
        compile(source, path, "exec", 0, True)
    except SyntaxError as error:
        return {"line": error.lineno or 0, "column": error.offset or 0, "message": str(error.msg)}
    except (RecursionError, MemoryError) as error:
        return {
            "line": 0,
            "column": 0,
            "message": "the compiler gives up: " + (str(error) or type(error).__name__),
        }
    except Exception as error:
        return {"line": 0, "column": 0, "message": str(error) or type(error).__name__}
    return None


def answer(payload: bytes) -> bytes:
    """The reply to one request."""
    (length,) = struct.unpack(">I", payload[:4])
    header = json.loads(payload[4 : 4 + length].decode("ascii"))
    position = 4 + length
    replies = []
    for unit in header["units"]:
        source = payload[position : position + unit["size"]]
        position += unit["size"]
        replies.append({"id": unit["id"], "problem": compile_one(unit["path"], source)})
    return json.dumps({"units": replies}).encode("ascii")


def read_exactly(count: int) -> bytes:
    """`count` bytes of standard input, or none at its end."""
    data = sys.stdin.buffer.read(count)
    return data if len(data) == count else b""


def main() -> None:
    """Answer until standard input closes."""
    warnings.simplefilter("ignore")
    with os.fdopen(int(os.environ["ASSAY_REPORT_FD"]), "wb") as report:
        while True:
            prefix = read_exactly(4)
            payload = read_exactly(struct.unpack(">I", prefix)[0]) if prefix else b""
            if not payload:
                return
            reply = answer(payload)
            report.write(struct.pack(">I", len(reply)) + reply)
            report.flush()


if __name__ == "__main__":
    main()
