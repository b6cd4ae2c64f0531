/**
 * The kernel: answers what clients ask. Cells run one after the other; everything else is answered while one runs.
 *
 * @module
 */
import config from "../deno.json" with { type: "json" };
import { type Cells } from "./cells.ts";
import { completeness } from "./code/completeness.ts";
import { contentOf } from "./code/traceback.ts";
import { History } from "./jupyter/history.ts";
import type { Language } from "./code/language.ts";
import { Outputs } from "./jupyter/outputs.ts";
import type { Channel, Sockets } from "./jupyter/sockets.ts";
import { type Header, type Message, messageOf, PROTOCOL_VERSION } from "./jupyter/wire.ts";

type Content = Record<string, unknown>;

/** What a kernel stands on. */
export interface KernelParts {
  readonly sockets: Sockets;
  readonly outputs: Outputs;
  readonly session: string;
  readonly cells: Cells;
  readonly language: Language;
  /** Ends the program. */
  readonly exit: () => void;
}

/** Answers to requests. */
export class Kernel {
  readonly #parts: KernelParts;
  readonly #history = new History();
  /** The requests whose cells wait or run. */
  readonly #queue: Message[] = [];
  #draining: Promise<void> | undefined;
  #count = 0;
  #running: Message | undefined;
  /** Whether a person is at the notebook, who will want to know about names. */
  #attended = false;

  constructor(parts: KernelParts) {
    this.#parts = parts;
  }

  /** Takes a message. */
  receive(channel: Channel, message: Message): void {
    const type = message.header.msg_type;
    if (channel === "stdin") {
      if (type === "input_reply") this.#parts.cells.answer({ text: String(message.content.value ?? "") });
      return;
    }
    if (type === "execute_request" && channel === "shell") {
      this.#queue.push(message);
      this.#draining ??= this.#drain().finally(() => this.#draining = undefined);
      return;
    }
    this.#answer(channel, message);
  }

  async #answer(channel: Channel, message: Message): Promise<void> {
    this.#status(message, "busy");
    const { header: { msg_type: type } } = message;
    try {
      const content = await this.#contentFor(type, message);
      if (content !== undefined) await this.#reply(channel, message, type, { status: "ok", ...content });
    } catch (error) {
      const { name, message: text } = error as Error;
      const content = { status: "error", ename: name, evalue: text, traceback: [] };
      await this.#reply(channel, message, type, content);
    } finally {
      this.#status(message, "idle");
      // Clients take any status for the kernel's.
      if (this.#running !== undefined) this.#status(this.#running, "busy");
      if (type === "shutdown_request") this.#parts.exit();
    }
  }

  /** The content of a reply; nothing where there is none. */
  async #contentFor(type: string, message: Message): Promise<Content | undefined> {
    const { content } = message;
    const { cells, language } = this.#parts;
    const [code, position] = [String(content.code ?? ""), Number(content.cursor_pos ?? 0)];
    this.#attended ||= ATTENDED.has(type);
    switch (type) {
      case "kernel_info_request":
        return INFO;
      case "is_complete_request":
        return { ...completeness(code) };
      case "complete_request":
        return await language.complete(cells.texts(), code, position);
      case "inspect_request":
        return await language.inspect(cells.texts(), code, position);
      case "history_request":
        return { history: this.#history.find(content) };
      case "comm_info_request":
        return { comms: await cells.comms(content.target_name as string | undefined) };
      case "comm_open":
      case "comm_msg":
      case "comm_close":
        await cells.comm(message);
        return undefined;
      case "interrupt_request":
        await cells.interrupt();
        return {};
      case "shutdown_request":
        await cells.stop();
        return { restart: content.restart === true };
      default:
        throw new TypeError(`the kernel has no answer to a message of type "${type}"`);
    }
  }

  async #drain(): Promise<void> {
    for (let message; (message = this.#queue.shift()) !== undefined;) {
      this.#running = message;
      this.#status(message, "busy");
      const content = await this.#execute(message).catch((error: Error) => ({
        status: "error",
        execution_count: this.#count,
        ...contentOf(error.name, error.message),
      }));
      await this.#reply("shell", message, "execute_request", content);
      this.#running = undefined;
      this.#status(message, "idle");
      if (content.status === "error" && message.content.stop_on_error !== false) await this.#abort();
    }
    const { cells, language } = this.#parts;
    if (this.#attended) void language.prepare(cells.texts());
  }

  /** Cells that were to run after one that failed do not. */
  async #abort(): Promise<void> {
    for (const message of this.#queue.splice(0)) {
      this.#status(message, "busy");
      await this.#reply("shell", message, "execute_request", {
        status: "aborted",
        execution_count: this.#count,
      });
      this.#status(message, "idle");
    }
  }

  async #execute({ header, content, metadata, identities }: Message): Promise<Content> {
    const { cells, outputs } = this.#parts;
    const { code, silent = false, store_history: stored = !silent, allow_stdin: asks = true } = content;
    if (typeof code !== "string") {
      throw new TypeError(`execute_request: expected a text "code" but found ${code}`);
    }
    if (!silent && stored) {
      this.#count++;
      this.#history.add(this.#count, code);
    }
    const count = this.#count;
    if (!silent) outputs.publish(header, "execute_input", { code, execution_count: count });
    const result = await cells.run(code, {
      parent: header,
      count,
      silent: silent === true,
      id: typeof metadata.cellId === "string" ? metadata.cellId : undefined,
      ask: asks === true
        ? (prompt, password) => this.#ask(identities, header, prompt, password)
        : () => cells.answer({ refused: "nobody can be asked here: the client takes no questions" }),
      expressions: content.user_expressions as Record<string, string> | undefined ?? {},
    });
    return { execution_count: count, payload: [], ...result };
  }

  #ask(identities: readonly Uint8Array[], parent: Header, prompt: string, password: boolean): void {
    const { sockets, session } = this.#parts;
    const content = { prompt, password };
    sockets.reply("stdin", messageOf(session, "input_request", { identities, parent, content }));
  }

  #status({ header }: Message, state: "busy" | "idle"): void {
    this.#parts.outputs.publish(header, "status", { execution_state: state });
  }

  #reply(channel: Channel, { identities, header }: Message, type: string, content: Content): Promise<void> {
    const { sockets, session } = this.#parts;
    const reply = type.replace(/_request$/, "_reply");
    return sockets.reply(channel, messageOf(session, reply, { identities, parent: header, content }));
  }
}

/** What clients ask where somebody types. */
const ATTENDED = new Set([
  "comm_info_request",
  "complete_request",
  "history_request",
  "inspect_request",
  "is_complete_request",
]);

/** What the kernel says of itself. */
const INFO: Content = {
  protocol_version: PROTOCOL_VERSION,
  implementation: "ebb",
  implementation_version: config.version,
  language_info: {
    name: "typescript",
    version: Deno.version.typescript,
    mimetype: "text/x.typescript",
    file_extension: ".ts",
    codemirror_mode: "typescript",
    pygments_lexer: "typescript",
    nbconvert_exporter: "script",
  },
  banner: `Ebb ${config.version} on Deno ${Deno.version.deno}`,
  help_links: [{ text: "Deno", url: "https://docs.deno.com" }],
  supported_features: [],
};
