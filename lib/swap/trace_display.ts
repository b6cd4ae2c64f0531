/**
 * What a notebook shows of a trace, which is plain data of thousands of numbers: how many ops of which phase, what they need,
 * and which ops make the most.
 *
 * @module
 */
import { formatBytes } from "../device/mod.ts";
import { DISPLAY, escaped, htmlTable } from "../notebook/mod.ts";
import { needOf } from "./policy/need.ts";
import { PHASES, type Trace } from "./trace.ts";

/** How many kinds of ops are listed. */
const LISTED = 12;

/** The same trace, which shows itself in a notebook. Copies and JSON of it are plain data as before. */
export function withDisplay(trace: Trace): Trace {
  if (DISPLAY in trace) return trace;
  return Object.defineProperty(trace, DISPLAY, { value: () => displayOf(trace) });
}

function displayOf(trace: Trace): Record<string, string> {
  const text = summaryOf(trace);
  const table = htmlTable(["op", "calls", "makes"], kindsOf(trace));
  return { "text/html": `<div><p>${escaped(text)}</p>${table}</div>`, "text/plain": text };
}

function summaryOf(trace: Trace): string {
  const { ops, names, phases, stepMs, storages } = trace;
  const counts = PHASES.map((phase, i) => `${phases.filter((each) => each === i).length} ${phase}`).join(
    ", ",
  );
  const need = needOf(trace);
  let at = 0;
  for (let op = 1; op < need.length; op++) if (need[op] > need[at]) at = op;
  const peak = need.length === 0
    ? ""
    : `; needs at most ${formatBytes(need[at])}, at ${names[ops[at]]} (op ${at})`;
  return `Trace: ${ops.length} ops in ${
    stepMs.toFixed(1)
  } ms (${counts}), ${storages.length} storages${peak}`;
}

/** Ops by name, with how often they ran and how much they made, the largest first. */
function kindsOf({ ops, names, storages }: Trace): string[][] {
  const made = new Array<number>(names.length).fill(0);
  const calls = new Array<number>(names.length).fill(0);
  for (const op of ops) calls[op]++;
  for (const { bytes, born, given } of storages) if (born >= 0 && given !== true) made[ops[born]] += bytes;
  return [...names.keys()].filter((kind) => calls[kind] > 0).sort((a, b) => made[b] - made[a]).slice(
    0,
    LISTED,
  )
    .map((kind) => [names[kind], String(calls[kind]), formatBytes(made[kind])]);
}
