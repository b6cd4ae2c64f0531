"""How a side of the comparison in PyTorch answers: one JSON line for each request (see serve.ts).

A case has `step()`, `operations`, the number of them in a step, and `check_value()`, the number to compare.
"""

import json
import os
import sys
import time


def times(case, steps):
    result = []
    for _ in range(steps):
        start = time.perf_counter()
        case.step()
        result.append((time.perf_counter() - start) * 1e3 / case.operations)
    return result


def answer(cases, request, held, dropped):
    if request["ask"] == "run":
        return {"ms": times(held["case"], request["steps"])}
    held.clear()
    dropped()
    if request["ask"] == "drop":
        return {}
    if request["case"] not in cases:
        return {"error": f"there is no {request['case']}"}
    case = held["case"] = cases[request["case"]]()
    check = case.check_value()
    return {"check": check, "ms": min(times(case, 3)) * case.operations}


def serve(cases, dropped=lambda: None):
    """Answers until the driver hangs up; `dropped` is called when a case has gone."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what PyTorch prints must not come between replies
    held = {}
    for line in sys.stdin:
        try:
            reply = answer(cases, json.loads(line), held, dropped)
        except Exception as error:  # noqa: BLE001  (the driver decides)
            reply = {"error": repr(error)}
        print(json.dumps(reply), file=replies, flush=True)
