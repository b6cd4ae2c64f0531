/**
 * `deno task demo`: trains a network on real images, a language model in an eighth of its memory, and a network with a
 * backdoor that it then erases; tells how far it is, prints tables and writes a report with charts.
 *
 * @module
 */
import { dirname } from "node:path";
import * as ebb from "../mod.ts";
import { writeAtomically } from "../lib/files/atomic.ts";
import { ProgressLine } from "../lib/notebook/line.ts";
import { plantAndErase } from "./backdoor.ts";
import { type Arguments, HELP, readArguments, sameCommand } from "./arguments.ts";
import { type Images, loadImages } from "./images.ts";
import type { Step } from "./record.ts";
import { readText, trainLarger } from "./larger.ts";
import { report } from "./report.ts";
import {
  count,
  duration,
  epochRows,
  erasedRows,
  erasedText,
  erasedVerdict,
  largerRows,
  largerText,
  largerVerdict,
  percent,
  progressText,
  table,
} from "./text.ts";
import { train } from "./train.ts";

if (import.meta.main) {
  const line = new ProgressLine();
  let at = "before the first step";
  Deno.addSignalListener("SIGINT", () => {
    line.end();
    console.log(`Stopped ${at}; no report was written.`);
    Deno.exit(130);
  });
  const [options, images, text] = await prepare(Deno.args);
  await demonstrate(images, text, options, line, ({ step, steps }) => at = `after step ${step} of ${steps}`);
  Deno.exit();
}

/** Options, images and text; where something is wrong with them, the program says so in a sentence and ends. */
async function prepare(args: readonly string[]): Promise<[Arguments, Images, string]> {
  try {
    const options = readArguments(args);
    if (options.help) {
      console.log(HELP);
      Deno.exit();
    }
    await checkPlace(options.report);
    return [options, await loadImages(options.data), await readText(options.text)];
  } catch (error) {
    refuse(error);
  }
}

/** Ends the program with the sentence of an error. */
function refuse(error: unknown): never {
  console.error((error as Error).message);
  Deno.exit(1);
}

/** What is better said before the training than after it. */
async function checkPlace(report: string): Promise<void> {
  const [folder, place] = await Promise.all(
    [dirname(report), report].map((path) => Deno.stat(path).catch(() => undefined)),
  );
  if (!folder?.isDirectory) {
    throw new Error(`demo: expected a folder for the report at ${dirname(report)} but found none`);
  }
  if (place?.isDirectory) {
    throw new Error(`demo: expected a file's name for the report but found the folder ${report}`);
  }
}

async function demonstrate(
  images: Images,
  text: string,
  options: Arguments,
  line: ProgressLine,
  listener: (step: Pick<Step, "step" | "steps">) => void,
): Promise<void> {
  const { name, plural, recipe, test } = images;
  const { seed, epochs = recipe.epochs } = options;
  console.log(
    `${name}: ${count(images.train.length)} ${plural} to learn from, ${count(test.length)} held out`,
  );
  console.log(`${recipe.network}, ${epochs} epochs on ${ebb.defaultDevice().name}, seed ${seed}`);

  ebb.seed(seed);
  const training = await train(images, epochs, (step) => {
    listener(step);
    if (step.step < step.steps) line.show(() => progressText(step));
    else line.end(progressText(step));
  });

  const { accuracy } = training.record.epochs.at(-1)!;
  console.log(`\n${table(epochRows(training.record.epochs))}\n`);
  console.log(
    `${percent(accuracy)} of the held-out ${plural} are classified right, after ${
      duration(training.seconds)
    }.`,
  );
  console.log(`\nA GPT of six layers, in all the memory that it needs and in an eighth of it`);
  const larger = await trainLarger(text, seed, (step) => {
    listener(step);
    if (step.step < step.steps) line.show(() => largerText(step));
    else line.end(largerText(step));
  });
  console.log(`\n${table(largerRows(larger))}\n\n${largerVerdict(larger)}`);
  console.log(`\nA backdoor is planted in a network for the same ${plural}, and erased`);
  const erased = await plantAndErase(images, epochs, seed, (event) => {
    listener({ step: event.done, steps: event.total });
    if (event.done < event.total) line.show(() => erasedText(event));
    else line.end(erasedText(event));
  });
  console.log(
    erased === null ? erasedVerdict(erased) : `\n${table(erasedRows(erased))}\n\n${erasedVerdict(erased)}`,
  );
  const page = report({ images, training, larger, erased, command: sameCommand(options) });
  await writeAtomically(options.report, [new TextEncoder().encode(page)], "demo").catch(refuse);
  console.log(`The charts are in ${options.report}`);
}
