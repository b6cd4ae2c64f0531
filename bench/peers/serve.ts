/**
 * A side of the comparison that is written in JavaScript, as a process: it holds cases and answers requests, one JSON
 * line each, on its standard streams. `torch_side.py` speaks the same.
 *
 * @module
 */
import { type Case, checkValue } from "../case.ts";
import { lines } from "./lines.ts";

/** What the driver asks. `make` replies with {@link Made}, `run` with {@link Ran}. */
export type Request =
  | { ask: "make"; case: string }
  | { ask: "run"; steps: number }
  | { ask: "drop" };

/** A case was made and warmed up. */
export interface Made {
  /** The number to compare. */
  check: number;
  /** How long an undisturbed step takes about, in ms. */
  ms: number;
}

/** Steps were timed. */
export interface Ran {
  /** Milliseconds of each step, of one operation where a step has many. */
  ms: number[];
}

/** Something went wrong, or there is no such case. */
export interface Failed {
  error: string;
}

/** A case whose check took longer than this is not run more often than needed. */
const SLOW_MS = 5000;

/** Answers requests until the driver hangs up, then ends the process. */
export async function serve(cases: Readonly<Record<string, () => Case | Promise<Case>>>): Promise<never> {
  let current: Case | null = null;
  const drop = () => {
    current?.[Symbol.dispose]();
    current = null;
  };
  const answer = async (request: Request): Promise<object> => {
    if (request.ask === "run") return { ms: await time(current!, request.steps) };
    drop();
    if (request.ask === "drop") return {};
    const make = cases[request.case];
    if (make === undefined) return { error: `there is no ${request.case}` };
    current = await make();
    const start = performance.now();
    const check = await checkValue(current);
    const slow = performance.now() - start > SLOW_MS;
    const ms = Math.min(...await time(current, slow ? 1 : 3)) * current.operations;
    return { check, ms };
  };
  for await (const line of Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(lines())) {
    const reply = await answer(JSON.parse(line)).catch((error) => ({
      error: String(error?.message ?? error),
    }));
    await Deno.stdout.write(new TextEncoder().encode(JSON.stringify(reply) + "\n"));
  }
  drop();
  Deno.exit(0); // workers of a library must not keep the process
}

/** Times `steps` steps one by one. */
async function time(of: Case, steps: number): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < steps; i++) {
    const start = performance.now();
    const pending = of.step();
    // Awaiting what is no promise would cost a turn of the event loop.
    if (pending instanceof Promise) await pending;
    times.push((performance.now() - start) / of.operations);
  }
  return times;
}
