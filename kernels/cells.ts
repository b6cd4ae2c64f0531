/**
 * The cells of a session: compiles them, runs them in the guest, publishes what they put out, and begins another guest
 * where one has died.
 *
 * @module
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { CellSyntaxError, compile } from "./code/compile.ts";
import type { Told } from "./guest/channel.ts";
import type { Answer } from "./guest/hearing.ts";
import { encodeBase64 } from "./guest/base64.ts";
import type { Outputs } from "./jupyter/outputs.ts";
import { withoutFetching } from "./process/fetching.ts";
import { Guest, type Outcome } from "./process/guest.ts";
import {
  contentOf,
  type ErrorContent,
  type Source,
  syntaxErrorOf,
  tracebackOf,
  uncaughtOf,
  withPlaces,
} from "./code/traceback.ts";
import type { Header, Message } from "./jupyter/wire.ts";

/** How a cell is to run. */
export interface CellOptions {
  /** The header of the request. */
  readonly parent: Header;
  /** The number of the execution. */
  readonly count: number;
  /** Whether nothing is published. */
  readonly silent: boolean;
  /** The notebook's name of the cell; a cell that runs again takes its own place. */
  readonly id?: string;
  /** Asks the person at the notebook. */
  readonly ask: (prompt: string, password: boolean) => void;
  /** Expressions whose values the reply brings, by name. */
  readonly expressions: Readonly<Record<string, string>>;
}

interface Cell extends Source, CellOptions {}

/** What takes the place of a cell where a message of another kind makes code run. */
const NOTHING: Omit<Cell, "parent"> = {
  name: "",
  text: "",
  url: "",
  map: "",
  count: 0,
  silent: false,
  ask: () => {},
  expressions: {},
};
/** How many cells are remembered, for late output and the lines of errors. */
const REMEMBERED = 2000;

/** Runs cells. */
export class Cells {
  readonly #cwd: string;
  readonly #outputs: Outputs;
  readonly #cells = new Map<number, Cell>();
  readonly #texts = new Map<string, string>();
  #guest: Promise<Guest> | undefined;
  #number = 0;
  #stopped = false;

  /** Begins a guest in the notebook's folder. */
  constructor(cwd: string, outputs: Outputs) {
    this.#cwd = cwd;
    this.#outputs = outputs;
    this.#guest = this.#start();
  }

  /** The texts of cells that ran, in their order. */
  texts(): string[] {
    return [...this.#texts.values()];
  }

  /** Runs a cell; gives the reply's content, but for the count. */
  async run(text: string, options: CellOptions): Promise<Record<string, unknown>> {
    const number = ++this.#number;
    const source = { name: `cell ${options.count}`, text, url: this.#urlOf(number), map: "" };
    const cell: Cell = { ...source, ...options };
    let guest: Guest;
    try {
      guest = await this.#live();
    } catch (error) {
      // What was in the way, such as a faulty deno.json, may be mended until the next cell.
      this.#guest = undefined;
      return this.#failed(cell, contentOf("KernelError", (error as Error).message));
    }
    try {
      const { code, map } = compile(text, number, source.url);
      this.#remember(number, { ...cell, map });
      const outcome = await guest.run(number, code);
      if (outcome.status !== "ok") return this.#failed(cell, this.#errorOf(outcome, number));
    } catch (error) {
      if (error instanceof CellSyntaxError) return this.#failed(cell, syntaxErrorOf(error, source));
      const deep = error instanceof RangeError && "the cell is nested too deeply to be compiled";
      const { name, message } = error as Error;
      return this.#failed(cell, contentOf(deep ? "SyntaxError" : name, deep || message));
    }
    const key = options.id ?? text;
    this.#texts.delete(key);
    this.#texts.set(key, text);
    return { status: "ok", user_expressions: await this.#expressions(guest, options.expressions) };
  }

  /** Answers what a cell has asked. */
  answer(answer: Answer): void {
    this.#live().then((guest) => guest.answer(answer), () => {});
  }

  /** Stops the running cell. */
  async interrupt(): Promise<void> {
    await (await this.#live()).interrupt();
  }

  /** A comm message of a client; what its handler puts out belongs to it. */
  async comm({ header, content, metadata, buffers }: Message): Promise<void> {
    const guest = await this.#live();
    const number = ++this.#number;
    this.#remember(number, { ...NOTHING, parent: header });
    await guest.call("receive", number, header.msg_type, content, metadata, buffers.map(encodeBase64));
  }

  /** The open comms, by id. */
  async comms(target?: string): Promise<Record<string, { target_name: string }>> {
    const open = await (await this.#live()).call<{ id: string; target: string }[]>("comms");
    return Object.fromEntries(
      open.filter((comm) => target === undefined || comm.target === target).map(({ id, target }) => [
        id,
        { target_name: target },
      ]),
    );
  }

  /** Ends the guest. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#guest?.then((guest) => guest.stop(), () => {});
  }

  #live(): Promise<Guest> {
    return this.#guest ??= this.#start();
  }

  #start(): Promise<Guest> {
    const said = withoutFetching();
    const guest = Guest.start({
      cwd: this.#cwd,
      told: (told) => {
        const cell = this.#cells.get(told.cell);
        if (told.kind === "ask") cell?.ask(told.prompt, told.password);
        else if (told.kind === "uncaught") {
          const text = uncaughtOf(told.how, told.error, this.#cells, told.cell);
          this.#outputs.print(cell?.parent ?? {}, "stderr", text);
        } else if (!cell?.silent) {
          this.#outputs.told(cell?.parent ?? {}, placed(told, cell), cell?.count ?? 0);
        }
      },
      printed: (name, text) => {
        const cell = this.#cells.get(this.#number);
        const rest = name === "stderr" ? said(text) : text;
        if (rest !== "" && !cell?.silent) this.#outputs.print(cell?.parent ?? {}, name, rest);
      },
      drained: () => this.#outputs.drained(),
      died: (code) => this.#died(code),
    });
    // Whoever runs the next cell hears of it.
    guest.catch(() => {});
    return guest;
  }

  #died(code: number): void {
    if (this.#stopped) return;
    const parent = this.#cells.get(this.#number)?.parent ?? {};
    this.#outputs.print(parent, "stderr", `${afterDeath(code)}\n`);
    this.#texts.clear();
    this.#guest = this.#start();
  }

  #errorOf(outcome: Exclude<Outcome, { status: "ok" }>, number: number): ErrorContent {
    if (outcome.status === "interrupted") {
      return contentOf("Interrupted", "the cell was interrupted; what it had made until then is kept");
    }
    if (outcome.status === "died") return contentOf("KernelDied", afterDeath(outcome.code));
    return tracebackOf(outcome.error, outcome.calls, this.#cells, number);
  }

  #failed({ parent, silent }: Cell, error: ErrorContent): Record<string, unknown> {
    if (!silent) this.#outputs.publish(parent, "error", error);
    return { status: "error", ...error };
  }

  async #expressions(
    guest: Guest,
    expressions: Readonly<Record<string, string>>,
  ): Promise<Record<string, unknown>> {
    const found: Record<string, unknown> = {};
    for (const [name, text] of Object.entries(expressions)) found[name] = await guest.expression(text);
    return found;
  }

  #remember(number: number, cell: Cell): void {
    this.#cells.set(number, cell);
    this.#cells.delete(number - REMEMBERED);
  }

  #urlOf(number: number): string {
    return pathToFileURL(join(this.#cwd, `cell-${number}.ts`)).href;
  }
}

/** What was told, with places in the cell's own text. */
function placed(told: Told, cell: Cell | undefined): Told {
  if (told.kind === "stream") return { ...told, text: withPlaces(told.text, cell) };
  if (told.kind !== "display" || typeof told.data["text/plain"] !== "string") return told;
  return { ...told, data: { ...told.data, "text/plain": withPlaces(told.data["text/plain"], cell) } };
}

/** Codes of processes that the system or V8 has ended: killed, trapped, aborted. */
const WITHOUT_MEMORY = [137, 133, 134];

/** What to say where the guest's process has ended. */
function afterDeath(code: number): string {
  const why = WITHOUT_MEMORY.includes(code)
    ? "killed, perhaps for want of memory"
    : code > 128
    ? `signal ${code - 128}`
    : `code ${code}`;
  return `The process in which cells run has ended (${why}). All that was made is gone; a new one has begun: ` +
    "run the cells again.";
}
