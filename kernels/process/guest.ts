/**
 * The guest's process, in which cells run, as the kernel holds it. It is apart from the kernel, so that whatever a cell
 * does, the kernel answers: it stops a cell that loops, tells of a process that died, and begins another.
 *
 * @module
 */
import { BINDING, type Described, type Told } from "../guest/channel.ts";
import type { Answer, Line } from "../guest/hearing.ts";
import { Inspector } from "./inspector.ts";
import { Marked } from "./marked.ts";
import { spawnGuest } from "./spawn.ts";

/** How a cell ended. */
export type Outcome =
  | { readonly status: "ok" }
  | { readonly status: "failed"; readonly error: Described; readonly calls: readonly Call[] }
  | { readonly status: "interrupted" }
  | { readonly status: "died"; readonly code: number };

/** A frame of a stack that V8 knows; lines and columns count from 0. */
export interface Call {
  readonly url: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

/** Where the guest runs, and who hears of it. */
export interface GuestOptions {
  readonly cwd: string;
  /** What cells show and print, in order. */
  readonly told: (told: Told) => void;
  /** What native code prints. */
  readonly printed: (name: "stdout" | "stderr", text: string) => void;
  /** Kept when what was told so far has gone on its way. */
  readonly drained: () => Promise<void>;
  /** The process ended without being told to. */
  readonly died: (code: number) => void;
}

interface Running {
  readonly cell: number;
  calls: readonly Call[];
  readonly ended: Promise<Outcome>;
  readonly settle: (outcome: Outcome) => void;
}

interface RemoteObject {
  readonly objectId?: string;
  readonly value?: unknown;
  readonly unserializableValue?: string;
}

interface Evaluated {
  readonly result: RemoteObject;
  readonly exceptionDetails?: {
    readonly exception?: RemoteObject;
    readonly stackTrace?: { readonly callFrames: readonly Call[] };
    readonly lineNumber: number;
    readonly columnNumber: number;
  };
}

/** How long a cell has to end by itself once it was interrupted, before V8 stops it, in milliseconds. */
const PATIENCE = 250;
/** How long it takes until whoever interrupts is told why nothing happens, in milliseconds. */
const LONG = 1500;
/** How often what is left of an interrupted cell is stopped. */
const ATTEMPTS = 4;
/** How long a process whose connection broke has to end by itself, in milliseconds. */
const GRACE = 1000;

/** A running guest. */
export class Guest {
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly #options: GuestOptions;
  readonly #outputs: readonly Marked[];
  #inspector!: Inspector;
  #global!: string;
  #running: Running | undefined;
  /** Whether its end is news: one that never began fails where it is started. */
  #ready = false;
  /** The question for whose answer the guest stands still: one of the cell's, or whether it may tell more. */
  #standing: { readonly kind: "ask" | "full"; readonly question: number } | undefined;
  /** Kept when nothing of an interrupted cell is in the way of the next one. */
  #recovered: Promise<void> = Promise.resolve();
  #turned = () => {};

  private constructor(child: Deno.ChildProcess, options: GuestOptions) {
    this.#child = child;
    this.#options = options;
    this.#stdin = child.stdin.getWriter();
    this.#outputs = (["stdout", "stderr"] as const).map((name) =>
      new Marked(child[name], (text) => this.#printed(name, text), options.drained)
    );
    child.status.then(({ code }) => this.#ended(code));
  }

  /** Starts a guest; ready when this returns. */
  static async start(options: GuestOptions): Promise<Guest> {
    const child = await spawnGuest(options.cwd);
    const guest = new Guest(child, options);
    const [, errors] = guest.#outputs;
    try {
      await guest.#begin();
    } catch (error) {
      // A fault in deno.json may show only when the inspector listens already.
      await Promise.race([errors.closed, pause(GRACE)]);
      const said = errors.unprinted.replace(/^Stack backtrace:[^]*/m, "").trim();
      if (said === "") throw error;
      throw new Error(`the process in which cells run could not be started: ${said}`, { cause: error });
    }
    return guest;
  }

  async #begin(): Promise<void> {
    const [, errors] = this.#outputs;
    const address = await errors.find(/Debugger listening on (ws:\S+)/);
    this.#inspector = await Inspector.connect(address, (method, params) => this.#notified(method, params));
    await errors.find(/(Debugger session started)/);
    for (const output of this.#outputs) output.begin();
    await this.#inspector.post("Runtime.addBinding", { name: BINDING });
    await this.#loaded();
    this.#ready = true;
  }

  /** Runs a compiled cell; never rejects. */
  async run(cell: number, code: string): Promise<Outcome> {
    await this.#recovered;
    const { promise, resolve: settle } = Promise.withResolvers<Outcome>();
    this.#running = { cell, calls: [], ended: promise, settle };
    this.#evaluate(code, true)
      .then(({ exceptionDetails }) => exceptionDetails && this.#fail(cell, exceptionDetails))
      .catch((error) => {
        // V8 loses the promise of a script now and then; what the guest says of the cell's end still comes. Any other
        // failure is of the connection, without which the process is useless, unless it is ending anyway.
        if (!/Promise was collected/.test(error.message)) pause(GRACE).then(() => this.#kill());
      });
    return await promise;
  }

  /** Stops the cell that runs, if one does, waiting or not; what was made stays. */
  async interrupt(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    await this.#stop(running);
    await (this.#recovered = this.#recover());
  }

  async #stop(running: Running): Promise<void> {
    const ended = (ms: number) =>
      Promise.race([running.ended, pause(ms)]).then(() => this.#running !== running);
    // A cell that asks, or has told too much, stands in a read, which nothing but an answer ends.
    if (this.#standing !== undefined) this.#say({ interrupted: true });
    // What waits fails, and so does Ebb's next operator: V8 runs this in the middle of a loop, but not of native code.
    const told = this.#evaluate("__ebb.interrupt()").catch(() => {});
    if (!await Promise.race([told.then(() => true), ended(LONG)])) {
      this.#options.printed(
        "stderr",
        "The cell is in native code, which ends when it likes; or restart the kernel.\n",
      );
      await Promise.race([told, running.ended]);
    }
    if (await ended(PATIENCE)) return;
    // A loop that looks at nothing. V8 stops it without running what is to run at the end of blocks.
    await this.#inspector.post("Runtime.terminateExecution").catch(() => {});
    await this.#evaluate("__ebb.interrupt()").catch(() => {});
    if (await ended(PATIENCE / 5)) return;
    // What V8 has stopped says nothing more.
    await this.#evaluate(`__ebb.close(${running.cell})`).catch(() => {});
    await this.#settle(running, { status: "interrupted" });
  }

  /** What an interrupted cell left behind may keep the event loop from turning: V8 forgets it, then. */
  async #recover(): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const turned = new Promise<true>((resolve) => this.#turned = () => resolve(true));
      this.#evaluate("__ebb.turn()").catch(() => {});
      if (await Promise.race([turned, pause(PATIENCE)])) return;
      await this.#inspector.post("Runtime.terminateExecution").catch(() => {});
    }
  }

  /** Answers what the cell has asked. */
  answer(answer: Answer): void {
    if (this.#standing?.kind === "ask") this.#say(answer);
  }

  #say(answer: Answer): void {
    const line: Line = { ...answer, question: this.#standing!.question };
    this.#standing = undefined;
    this.#stdin.write(new TextEncoder().encode(`${JSON.stringify(line)}\n`)).catch(() => {});
  }

  /** What an expression gives, as the protocol has it: a bundle, or an error. */
  async expression(text: string): Promise<Record<string, unknown>> {
    const { result, exceptionDetails } = await this.#evaluate(text, true);
    const { value } = (await this.#inspector.post<Evaluated>("Runtime.callFunctionOn", {
      objectId: this.#global,
      functionDeclaration:
        "function (value, failed) { return failed ? __ebb.describe(value) : __ebb.bundle(value) }",
      arguments: [argumentOf(exceptionDetails?.exception ?? result), {
        value: exceptionDetails !== undefined,
      }],
      returnByValue: true,
      awaitPromise: true,
    })).result as { value: Record<string, unknown> };
    if (exceptionDetails === undefined) return { status: "ok", data: value, metadata: {} };
    return { status: "error", ename: value.name, evalue: value.message, traceback: [] };
  }

  /** Calls a function of the guest's, such as "receive". */
  async call<Result>(name: string, ...values: unknown[]): Promise<Result> {
    const { result } = await this.#inspector.post<Evaluated>("Runtime.callFunctionOn", {
      objectId: this.#global,
      functionDeclaration: `function (...values) { return __ebb.${name}(...values) }`,
      arguments: values.map((value) => ({ value })),
      returnByValue: true,
    });
    return result.value as Result;
  }

  /** Ends the process. */
  async stop(): Promise<void> {
    this.#ready = false;
    this.#kill();
    await this.#child.status;
  }

  #evaluate(expression: string, replMode = false): Promise<Evaluated> {
    return this.#inspector.post("Runtime.evaluate", { expression, replMode, awaitPromise: replMode });
  }

  /** Waits until the guest's module has run: the inspector listens before. */
  async #loaded(): Promise<void> {
    while (true) {
      const { result } = await this.#evaluate("typeof __ebb");
      if (result.value === "object") break;
      await pause(2);
    }
    const { result } = await this.#evaluate("globalThis");
    this.#global = result.objectId!;
  }

  #printed(name: "stdout" | "stderr", text: string): void {
    // A process that ends waits until nobody inspects it any more.
    if (/^Waiting for the debugger to disconnect/m.test(text)) this.#inspector.close();
    else if (!/^Debugger session ended/m.test(text)) this.#options.printed(name, text);
  }

  #notified(method: string, params: Record<string, unknown>): void {
    if (method !== "Runtime.bindingCalled" || params.name !== BINDING) return;
    const told = JSON.parse(params.payload as string) as Told;
    const running = this.#running;
    const mine = running?.cell === told.cell;
    if (told.kind === "ended") {
      if (mine) this.#settle(running, { status: "ok" });
    } else if (told.kind === "failed") {
      if (!mine) return;
      const interrupted = told.error.name === "Interrupted";
      const failed: Outcome = { status: "failed", error: told.error, calls: running.calls };
      this.#settle(running, interrupted ? { status: "interrupted" } : failed);
    } else if (told.kind === "turned") {
      this.#turned();
    } else if (told.kind === "full") {
      this.#standing = told;
      this.#options.drained().then(() => this.#standing === told && this.#say({ text: "" }));
    } else {
      if (told.kind === "ask") this.#standing = told;
      this.#options.told(told);
    }
  }

  /** Lets the guest say what it was that a cell failed with. */
  async #fail(
    cell: number,
    { exception = {}, stackTrace, lineNumber, columnNumber }: NonNullable<Evaluated["exceptionDetails"]>,
  ): Promise<void> {
    if (this.#running?.cell === cell) {
      this.#running.calls = stackTrace?.callFrames ?? [{ url: "", lineNumber, columnNumber }];
    }
    await this.#inspector.post("Runtime.callFunctionOn", {
      objectId: this.#global,
      functionDeclaration: "function (cell, reason) { __ebb.fail(cell, reason) }",
      arguments: [{ value: cell }, argumentOf(exception)],
    });
  }

  /** A cell has ended when all that it printed has come, by whatever way. */
  async #settle(running: Running, outcome: Outcome): Promise<void> {
    if (this.#running !== running) return;
    this.#running = undefined;
    if (this.#standing?.kind === "ask") this.#standing = undefined;
    await Promise.race([
      Promise.all(this.#outputs.map((output) => output.reached(running.cell))),
      this.#child.status,
    ]);
    running.settle(outcome);
  }

  #kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
  }

  async #ended(code: number): Promise<void> {
    await Promise.all(this.#outputs.map((output) => output.closed));
    const running = this.#running;
    this.#running = undefined;
    this.#inspector?.close();
    for (const output of this.#outputs) output.close();
    if (this.#ready) this.#options.died(code);
    running?.settle({ status: "died", code });
  }
}

/** A value of the guest's as an argument of a call there. */
function argumentOf({ objectId, unserializableValue, value }: RemoteObject): RemoteObject {
  if (objectId !== undefined) return { objectId };
  return unserializableValue === undefined ? { value } : { unserializableValue };
}

function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
