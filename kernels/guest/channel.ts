/**
 * What the guest, the process in which cells run, tells its host: one ordered stream of plain values. The host puts a
 * binding into the guest's global object; a call of it is on its way before it returns, even where a cell never lets the
 * event loop run again.
 *
 * @module
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { hear, nextQuestion } from "./hearing.ts";

/** What a guest tells its host. `cell` is the number of the cell whose code, or whose callback, said it. */
export type Told =
  & { readonly cell: number }
  & (
    | { readonly kind: "stream"; readonly name: "stdout" | "stderr"; readonly text: string }
    | {
      readonly kind: "display";
      readonly type: "display_data" | "update_display_data" | "execute_result";
      readonly data: MediaBundle;
      readonly metadata: Readonly<Record<string, unknown>>;
      readonly id?: string;
    }
    | {
      readonly kind: "broadcast";
      readonly type: string;
      readonly content: Readonly<Record<string, unknown>>;
      readonly metadata: Readonly<Record<string, unknown>>;
      readonly buffers: readonly string[];
    }
    | {
      readonly kind: "ask";
      readonly question: number;
      readonly prompt: string;
      readonly password: boolean;
    }
    | { readonly kind: "full"; readonly question: number }
    | { readonly kind: "turned" }
    | { readonly kind: "uncaught"; readonly how: string; readonly error: Described }
    | { readonly kind: "ended" }
    | { readonly kind: "failed"; readonly error: Described }
  );

/** One value in several MIME types: texts, binary ones in base64, JSON ones as they are. */
export type MediaBundle = Record<string, unknown>;

/** An error as plain data. */
export interface Described {
  /** Such as "TypeError". */
  readonly name: string;
  readonly message: string;
  /** Lines of the stack, as Deno writes them. */
  readonly frames: readonly string[];
  /** Where cells awaited what failed, innermost first: numbers of the cell, line and column from 1. */
  readonly awaited: readonly (readonly [cell: number, line: number, column: number])[];
  /** What is behind it. */
  readonly causes: readonly Described[];
}

/** The name of the host's binding. */
export const BINDING = "__ebbTell";

/** Which cell runs: callbacks that it left behind belong to it, too. */
const running = new AsyncLocalStorage<number>();
let latest = 0;

/** Everything that is awaited from now on, and what it leads to, belongs to this cell. */
export function enter(cell: number): void {
  latest = cell;
  running.enterWith(cell);
}

/** Runs a function as the cell's, without an end of the cell that runs. */
export function within<T>(cell: number, fn: () => T): T {
  return running.run(cell, fn);
}

/** The cell that the running code belongs to. */
export function cellNow(): number {
  return running.getStore() ?? latest;
}

type Message = Told extends infer Each ? Each extends Told ? Omit<Each, "cell"> : never : never;

/** So many characters, or messages, may be under way: then the cell waits until the host has dealt with them. */
const [MOST_CHARACTERS, MOST_MESSAGES] = [1 << 20, 256];
let characters = 0;
let messages = 0;

/** A long text in pieces; no character is cut in two. */
function* piecesOf(text: string): Generator<string> {
  for (let from = 0; from < text.length;) {
    let to = Math.min(text.length, from + MOST_CHARACTERS);
    if (to < text.length && /[\ud800-\udbff]/.test(text[to - 1])) to--;
    yield text.slice(from, to);
    from = to;
  }
}

/** Refuses what would not fit into a message. */
function checkLength(data: MediaBundle): void {
  for (const [type, value] of Object.entries(data)) {
    if (typeof value !== "string" || value.length <= LONGEST_DISPLAY) continue;
    throw new RangeError(
      `display: expected at most ${LONGEST_DISPLAY} characters of ${type} but found ${value.length}`,
    );
  }
}

/** Characters of a display; a message of more would break the connection. */
const LONGEST_DISPLAY = 1e8;

/**
 * Tells the host. A cell that tells more than the host can take stands still meanwhile.
 *
 * @throws {Interrupted} when it was interrupted while it stood.
 * @throws {RangeError} when a display is too large for a message.
 */
export function tell(message: Message, cell: number = cellNow()): void {
  if (message.kind === "stream" && message.text.length > MOST_CHARACTERS) {
    for (const text of piecesOf(message.text)) tell({ ...message, text }, cell);
    return;
  }
  if (message.kind === "display") checkLength(message.data);
  const binding = (globalThis as unknown as Record<string, (text: string) => void>)[BINDING];
  const text = JSON.stringify({ ...message, cell });
  binding(text);
  if (!["stream", "display", "broadcast"].includes(message.kind)) return;
  characters += text.length;
  messages++;
  if (characters < MOST_CHARACTERS && messages < MOST_MESSAGES) return;
  characters = 0;
  messages = 0;
  const question = nextQuestion();
  binding(JSON.stringify({ kind: "full", question, cell }));
  hear(question);
}
