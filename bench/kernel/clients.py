"""Measures a kernel through jupyter_client and nbclient: python clients.py <kernel> <cells> <runs>; prints JSON."""

import json
import statistics
import sys
import time

from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

KERNEL, CELLS, RUNS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
# A display that shows itself in either kernel.
DISPLAY = "({{ [Symbol.for('Jupyter.display')]: () => ({{ 'text/html': '<b>{i}</b>' }}) }})"

# A text in full: as the value of a cell Deno's kernel shows a part of it.
SHOWN = "({{ [Symbol.for('Jupyter.display')]: () => ({{ 'text/plain': '{text}'.repeat({times}) }}) }})"


def cells_of(count):
    """A value, twenty prints, a display and 100 kB in turns, with what each has to show."""
    for i in range(count):
        kind = i % 4
        if kind == 0:
            yield f"{i} * 2", [str(2 * i)]
        elif kind == 1:
            yield f"for (let j = 0; j < 20; j++) console.log('line', {i}, j)", ["".join(f"line {i} {j}\n" for j in range(20))]
        elif kind == 2:
            yield f"await Deno.jupyter.display({DISPLAY.format(i=i)}); {i}", [f"<b>{i}</b>", str(i)]
        else:
            yield SHOWN.format(text=i % 10, times=100000), [f"{i % 10}" * 100000]


def shown_by(cell):
    texts = []
    printed = False
    for output in cell.outputs:
        if output.output_type == "stream":
            if printed:
                texts[-1] += output.text
            else:
                texts.append(output.text)
            printed = True
        elif output.output_type == "error":
            texts.append(output.ename)
        else:
            printed = False
            # Deno's kernel writes texts in quotes and colours.
            text = output.data.get("text/html", output.data.get("text/plain", ""))
            texts.append(text.replace("\x1b[32m", "").replace("\x1b[33m", "").replace("\x1b[39m", "").strip("\"'"))
    return texts


def lost():
    wanted = list(cells_of(CELLS))
    notebook = new_notebook(cells=[new_code_cell(text) for text, _ in wanted])
    begin = time.perf_counter()
    NotebookClient(notebook, kernel_name=KERNEL, timeout=300, allow_errors=True).execute()
    seconds = time.perf_counter() - begin
    whole = part = 0
    for cell, (_, texts) in zip(notebook.cells, wanted):
        shown = shown_by(cell)
        whole += shown == []
        part += shown != [] and shown != texts
    return {"without output": whole, "a part lost": part, "ms a cell": 1000 * seconds / CELLS}


def timed(client, code):
    begin = time.perf_counter()
    reply = client.execute_interactive(code, output_hook=lambda message: None, timeout=60)
    assert reply["content"]["status"] == "ok", reply["content"]
    return 1000 * (time.perf_counter() - begin)


def speed():
    begin = time.perf_counter()
    manager, client = start_new_kernel(kernel_name=KERNEL)
    ready = time.perf_counter()
    timed(client, "1")
    first = time.perf_counter()
    try:
        trivial = sorted(timed(client, f"{i} + 1") for i in range(200))
        large = sorted(timed(client, SHOWN.format(text=i % 10, times=1000000)) for i in range(20))
        memory = [resident(manager)]
        for i in range(1000):
            timed(client, f"let a{i % 10} = {i}; a{i % 10}")
        memory.append(resident(manager))
    finally:
        manager.shutdown_kernel(now=True)
    return {
        "start, s": ready - begin,
        "start and first cell, s": first - begin,
        "trivial cell, ms": statistics.median(trivial),
        "95 of 100 below, ms": trivial[189],
        "1 MB shown, ms": statistics.median(large),
        "MiB before 1,000 cells": memory[0],
        "MiB after": memory[1],
    }


def resident(manager):
    """Resident memory of the kernel's processes, in MiB."""
    import pathlib

    pids = [manager.provisioner.pid]
    for pid in pids:
        pids += [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            pids += [int(child) for child in (task / "children").read_text().split() if int(child) not in pids]
    pages = sum(int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids)
    return pages * 4096 / 2**20


print(json.dumps({"lost": [lost() for _ in range(RUNS)], "speed": [speed() for _ in range(RUNS)]}))
