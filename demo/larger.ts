/**
 * The demo's second part: a language model is trained twice, without a budget and within an eighth of the memory that
 * it needs, and the losses must be the same.
 *
 * @module
 */
import * as ebb from "../mod.ts";

/** What the demo tells of a step. */
export interface LargerStep {
  readonly run: string;
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  readonly ms: number;
}

/** One of the two runs. */
export interface LargerRun {
  readonly losses: readonly number[];
  /** Milliseconds of a step, the median once it has settled. */
  readonly stepMs: number;
  /** The most bytes reserved. */
  readonly peakBytes: number;
}

/** Both runs, and what swap knows of the second. */
export interface Larger {
  readonly free: LargerRun;
  readonly tight: LargerRun;
  readonly budgetBytes: number;
  readonly trace: ebb.Trace;
  readonly plan: ebb.Plan;
  readonly report: ebb.Report;
  readonly history: readonly ebb.StepRecord[];
}

const STEPS = 20;
/** Steps in which plans are made and graphs compiled. */
const SETTLING = 8;
const PART = 8;
const CONTEXT = 128;

/**
 * Text to learn from: a file, or the project's own pages.
 *
 * @throws {Error} when the file cannot be read, or has no more characters than one example.
 */
export async function readText(file: string | undefined): Promise<string> {
  if (file !== undefined) {
    const text = await Deno.readTextFile(file).catch(() => {
      throw new Error(`demo: expected a text at ${file} but found none`);
    });
    if (text.length > CONTEXT) return text;
    throw new Error(
      `demo: expected a text of more than ${CONTEXT} characters at ${file} but found ${text.length}`,
    );
  }
  const pages = ["../README.md", "../lib/tensor/methods.ts", "../lib/swap/swap.ts"];
  const texts = await Promise.all(pages.map((page) => Deno.readTextFile(new URL(page, import.meta.url))));
  return texts.join("\n");
}

/** Trains a GPT of six layers on the characters of a text, both ways. */
export async function trainLarger(
  text: string,
  seed: number,
  listener: (step: LargerStep) => void,
): Promise<Larger> {
  const { run: free } = await run(text, seed, ebb.cpu(), "without a budget", listener);
  const budgetBytes = Math.floor(free.peakBytes / PART);
  const name = `within ${ebb.formatBytes(budgetBytes)}`;
  const { run: tight, swap } = await run(text, seed, ebb.cpu({ budget: budgetBytes }), name, listener);
  return { free, tight, budgetBytes, ...swap! };
}

async function run(
  text: string,
  seed: number,
  device: ebb.Device,
  name: string,
  listener: (step: LargerStep) => void,
): Promise<{ run: LargerRun; swap: Pick<Larger, "trace" | "plan" | "report" | "history"> | null }> {
  ebb.seed(seed);
  using swap = device.memory().budgetBytes === Infinity ? null : ebb.swap(device);
  return await ebb.withDevice(device, async () => {
    const data = ebb.data.characters(text, { context: CONTEXT });
    using model = ebb.models.gpt({ vocab: data.vocab, layers: 6, heads: 4, width: 128, context: CONTEXT });
    using optimizer = new ebb.optim.AdamW(model.parameters(), { lr: 1e-3 });
    const losses: number[] = [];
    const times: number[] = [];
    const loader = ebb.data.loader(data, { batchSize: 16, shuffle: true, steps: STEPS });
    for await (const [x, y] of loader) {
      const step = () =>
        ebb.scope(() => {
          const loss = ebb.crossEntropy(model.forward(x), y);
          optimizer.zeroGrad();
          loss.backward();
          optimizer.step();
          return loss.item();
        });
      const start = performance.now();
      losses.push(swap === null ? step() : await swap.step(step));
      times.push(performance.now() - start);
      listener({ run: name, step: losses.length, steps: STEPS, loss: losses.at(-1)!, ms: times.at(-1)! });
    }
    const settled = times.slice(SETTLING).sort((a, b) => a - b);
    return {
      run: { losses, stepMs: settled[settled.length >> 1], peakBytes: device.memory().peakBytes },
      swap: swap === null ? null : {
        trace: swap.trace(),
        plan: swap.plan(),
        report: swap.report(),
        history: swap.history(),
      },
    };
  });
}
