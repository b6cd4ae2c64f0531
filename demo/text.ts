/**
 * Numbers and tables as people read them.
 *
 * @module
 */
import { bar } from "../lib/notebook/line.ts";
import { formatBytes, type ProgressEvent } from "../mod.ts";
import type { Erased } from "./backdoor.ts";
import type { Larger, LargerStep } from "./larger.ts";
import type { Epoch, Step } from "./record.ts";

/** A whole number, such as `9,000`. */
export function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** A share of 0 to 1 in per cent, such as `98.4 %`. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** A loss with three digits, such as `0.0613`. */
export function loss(value: number): string {
  return Number.isFinite(value) ? Number(value.toPrecision(3)).toString() : String(value);
}

/** A time, such as `8.3 s` or `2 min 5 s`. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** The progress line after a step. */
export function progressText({ step, steps, loss, accuracy, imagesPerSecond, reservedBytes }: Step): string {
  return [
    `${bar(step / steps, 8)} step ${String(step).padStart(String(steps).length)}/${steps}`,
    `loss ${loss.toFixed(3)}`,
    `accuracy ${percent(accuracy).padStart(7)}`,
    `${count(imagesPerSecond).padStart(5)} images/s`,
    formatBytes(reservedBytes),
  ].join("  ");
}

/** The epochs as rows of text, the head first. */
export function epochRows(epochs: readonly Epoch[]): string[][] {
  const head = ["epoch", "loss", "accuracy", "held-out loss", "held-out accuracy", "images/s", "peak memory"];
  const rows = epochs.map((epoch) => [
    String(Number(epoch.epoch.toFixed(2))),
    loss(epoch.trainLoss),
    percent(epoch.trainAccuracy),
    loss(epoch.loss),
    percent(epoch.accuracy),
    count(epoch.imagesPerSecond),
    formatBytes(epoch.peakBytes),
  ]);
  return [head, ...rows];
}

/** The progress line after a step of the language model. */
export function largerText({ run, step, steps, loss, ms }: LargerStep): string {
  return [
    `${bar(step / steps, 8)} step ${String(step).padStart(String(steps).length)}/${steps}`,
    `loss ${loss.toFixed(3)}`,
    `${ms.toFixed(0).padStart(4)} ms`,
    run,
  ].join("  ");
}

/** Both runs of the language model as rows of text, the head first. */
export function largerRows({ free, tight, budgetBytes }: Larger): string[][] {
  const row = (name: string, { losses, stepMs, peakBytes }: Larger["free"]) => [
    name,
    formatBytes(peakBytes),
    `${stepMs.toFixed(0)} ms`,
    String(losses.at(-1)),
  ];
  return [
    ["language model", "peak memory", "step", "last loss"],
    row("without a budget", free),
    row(`within ${formatBytes(budgetBytes)}`, tight),
  ];
}

/** Whether both runs of the language model had the same losses, in a sentence. */
export function largerVerdict({ free, tight }: Larger): string {
  const same = free.losses.every((value, i) => value === tight.losses[i]);
  return same
    ? `All ${free.losses.length} losses are the same, bit for bit.`
    : "The losses differ, which they must not: please report it.";
}

/** The progress line while the backdoor is planted, searched and erased. */
export function erasedText({ task, done, total, text }: ProgressEvent): string {
  const what = task === "infect" ? "planting" : task === "aft" ? "erasing" : "inspecting";
  return `${bar(done / total, 8)} ${what}, step ${
    String(done).padStart(String(total).length)
  }/${total}  ${text}`;
}

/** The infected network and the repaired one as rows of text, the head first. */
export function erasedRows({ rows }: Erased): string[][] {
  const head = ["network", "clean images right", "trigger obeyed", "trigger images right"];
  return [head, ...rows.map(({ model, acc, asr, ra }) => [model, percent(acc), percent(asr), percent(ra)])];
}

/** What the inspection and the repair did, in two sentences. */
export function erasedVerdict(erased: Erased | null): string {
  if (erased === null) return "There are too few images of each class to repair a network with.";
  const [before, after] = erased.rows;
  const found = erased.suspected === null
    ? "does not look infected"
    : `looks infected, towards ${erased.suspected}`;
  return `Inspected with clean images alone, the network ${found}. With the trigger, ${
    percent(before.asr)
  } of the images were taken for ${erased.target}; after adversarial ` +
    `fine-tuning on ${count(erased.counts.clean)} clean ones ${percent(after.asr)} are.`;
}

/** Rows below each other, columns aligned to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const lines = rows.map((row) => row.map((cell, column) => cell.padStart(widths[column])).join("  "));
  return [lines[0], widths.map((width) => "─".repeat(width)).join("  "), ...lines.slice(1)].join("\n");
}
