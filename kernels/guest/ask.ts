/**
 * Asks the person at the notebook: `prompt`, `confirm`, `alert` and, as in Python, `input`. The cell stands still until the
 * answer comes; it comes as a line on standard input.
 *
 * @module
 */
import { tell } from "./channel.ts";
import { Interrupted } from "./interrupts.ts";

/** What the host answers with: a text, a refusal, or that the cell was interrupted. */
export type Answer = { readonly text: string } | { readonly refused: string } | {
  readonly interrupted: true;
};

/** Asks, and waits for the answer. Throws where nobody can be asked, or the cell is interrupted. */
export function ask(question: string, password = false): string {
  tell({ kind: "ask", prompt: question, password });
  const answer = JSON.parse(readLine()) as Answer;
  if ("text" in answer) return answer.text;
  throw "refused" in answer ? new Error(answer.refused) : new Interrupted();
}

/** Puts the questions into the global object. */
export function installQuestions(): void {
  Object.assign(globalThis, {
    /** An empty answer is the default, as in a terminal. */
    prompt: (message = "Prompt", fallback: string | null = null) => {
      const hint = fallback === null || fallback === "" ? "" : ` [${fallback}]`;
      return ask(`${message}${hint} `) || fallback;
    },
    confirm: (message = "Confirm") => /^y(es)?$/i.test(ask(`${message} [y/N] `).trim()),
    alert: (message = "Alert") => void ask(`${message} [Enter] `),
    input: (message = "", { password = false } = {}) => ask(message, password),
  });
}

/** A line of standard input without its end. */
function readLine(): string {
  const bytes: number[] = [];
  const byte = new Uint8Array(1);
  while (true) {
    if (Deno.stdin.readSync(byte) === null) throw new Error("the kernel has gone, and nobody can be asked");
    if (byte[0] === 0x0a) return new TextDecoder().decode(Uint8Array.from(bytes));
    bytes.push(byte[0]);
  }
}
