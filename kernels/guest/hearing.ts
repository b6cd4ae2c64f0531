/**
 * What the host says while the guest stands still: a line on standard input. It is the one way to reach a program that
 * does not let its event loop run.
 *
 * @module
 */

/** What the host answers with: a text, a refusal, or that the cell was interrupted. */
export type Answer = { readonly text: string } | { readonly refused: string } | {
  readonly interrupted: true;
};

/** What an interrupted cell fails with. */
export class Interrupted extends Error {
  override name = "Interrupted";
  constructor() {
    super("the cell was interrupted");
  }
}

/** An answer as it is written: with the number of the question that it answers. */
export type Line = Answer & { readonly question: number };

// Cells get another one.
const read = Deno.stdin.readSync.bind(Deno.stdin);
let questions = 0;
/** What was read and not taken. V8 may stop a cell while it stands here: nothing of it may be lost then. */
const buffer = new Uint8Array(1 << 16);
let end = 0;
let text = "";
const decoder = new TextDecoder();

/** The number of a question to come. */
export function nextQuestion(): number {
  return ++questions;
}

/** Waits for the answer to a question. Throws when it is a refusal, or that the cell was interrupted. */
export function hear(question: number): string {
  while (true) {
    const line = takeLine();
    if (line === undefined) {
      fill();
      continue;
    }
    const answer = parse(line);
    // What answers a cell that was stopped meanwhile is nobody's.
    if (answer?.question !== question) continue;
    if ("text" in answer) return answer.text;
    throw "refused" in answer ? new Error(answer.refused) : new Interrupted();
  }
}

function takeLine(): string | undefined {
  text += decoder.decode(buffer.subarray(0, end), { stream: true });
  end = 0;
  const length = text.indexOf("\n");
  if (length < 0) return undefined;
  const line = text.slice(0, length);
  text = text.slice(length + 1);
  return line;
}

function fill(): void {
  const count = read(buffer.subarray(end));
  if (count === null) throw new Error("the kernel has gone, and nobody can be asked");
  end += count;
}

function parse(line: string): Line | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
