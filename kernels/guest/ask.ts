/**
 * Asks the person at the notebook: `prompt`, `confirm`, `alert` and, as in Python, `input`. The cell stands still until the
 * answer comes.
 *
 * @module
 */
import { tell } from "./channel.ts";
import { hear, nextQuestion } from "./hearing.ts";

/** Asks, and waits for the answer. Throws where nobody can be asked, or the cell is interrupted. */
export function ask(question: string, password = false): string {
  const number = nextQuestion();
  tell({ kind: "ask", question: number, prompt: question, password });
  return hear(number);
}

/** Puts the questions into the global object, and in the place of standard input. */
export function installQuestions(): void {
  installInput();
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

/** What a cell reads of standard input, a line at a time, is asked for. */
function installInput(): void {
  let line = new Uint8Array();
  const readSync = (target: Uint8Array): number => {
    if (line.length === 0) line = new TextEncoder().encode(`${ask("")}\n`);
    const part = line.subarray(0, target.length);
    target.set(part);
    line = line.subarray(part.length);
    return part.length;
  };
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>) =>
    controller.enqueue(new TextEncoder().encode(`${ask("")}\n`));
  Object.defineProperties(Deno.stdin, {
    readSync: { value: readSync },
    read: { value: (target: Uint8Array) => Promise.resolve().then(() => readSync(target)) },
    readable: { get: () => new ReadableStream({ pull }, { highWaterMark: 0 }) },
  });
}
