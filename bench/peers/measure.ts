/**
 * Times the sides of a case in turns: each round gives every side a block of steps, one side at a time, in an order that
 * changes from round to round, so that a slow minute of the machine meets all of them.
 *
 * @module
 */
import { type SideOptions, SideProcess, SIDES } from "./sides.ts";

/** How much is measured. */
export interface MeasureOptions extends SideOptions {
  /** Turns of every side. */
  rounds: number;
  /** How long a block takes about, in ms. */
  blockMs: number;
}

/** What was measured of a side. */
export interface SideResult {
  title: string;
  /** The number to compare. */
  check: number;
  /** Milliseconds a step, a list a round. */
  rounds: number[][];
}

/** A case with its sides by name, and the reason for each that is not there. */
export interface CaseResult {
  sides: Record<string, SideResult>;
  skipped: Record<string, string>;
}

/** Rounds of a side whose step takes longer than a block. */
const SLOW_ROUNDS = 2;
/** Pause before a block: the threads of the one before spin for a while. */
const PAUSE_MS = 20;

/** Measures one case. `note` hears what goes on. */
export async function measureCase(
  name: string,
  sides: readonly string[],
  options: MeasureOptions,
  note: (line: string) => void,
): Promise<CaseResult> {
  const result: CaseResult = { sides: {}, skipped: {} };
  await using processes = new AsyncDisposableStack();
  const runners: { side: SideProcess; into: SideResult; steps: number; slow: boolean }[] = [];
  for (const key of sides) {
    try {
      const side = processes.use(new SideProcess(key, options));
      const { check, ms } = await side.ask({ ask: "make", case: name });
      const into = { title: side.title, check, rounds: [] };
      result.sides[key] = into;
      const steps = Math.max(1, Math.min(300, Math.round(options.blockMs / ms)));
      runners.push({ side, into, steps, slow: ms > options.blockMs });
    } catch (error) {
      result.skipped[key] = (error as Error).message;
      note(`${name}: ${SIDES[key].title} skipped: ${(error as Error).message}`);
    }
  }
  for (let round = 0; round < options.rounds; round++) {
    note(`${name}: round ${round + 1} of ${options.rounds}`);
    for (const { side, into, steps, slow } of turned(runners, round)) {
      if (slow && round >= SLOW_ROUNDS) continue;
      await new Promise((resume) => setTimeout(resume, PAUSE_MS));
      // The first step after the pause finds the caches as another process left them.
      if (!slow) await side.ask({ ask: "run", steps: 1 });
      into.rounds.push((await side.ask({ ask: "run", steps })).ms);
    }
  }
  return result;
}

/** The sides in another order each round: started one further, backwards every other time. */
function turned<T>(items: readonly T[], round: number): T[] {
  const start = round % Math.max(1, items.length);
  const order = [...items.slice(start), ...items.slice(0, start)];
  return round % 2 === 0 ? order : order.reverse();
}
