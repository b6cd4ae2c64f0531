/**
 * What cells put out, published in order. Printed text is gathered for some milliseconds, so that ten thousand lines are
 * not ten thousand messages.
 *
 * @module
 */
import { decodeBase64 } from "../guest/base64.ts";
import type { Told } from "../guest/channel.ts";
import { type Message, messageOf, type Parent } from "./wire.ts";

/** How long printed text waits for more, in milliseconds, and how much at most. */
const [GATHERED_MS, GATHERED_LENGTH] = [15, 1 << 18];

/** Publishes for all clients. */
export class Outputs {
  readonly #publish: (message: Message) => void;
  readonly #sent: () => Promise<void>;
  readonly #session: string;
  #text:
    | { readonly parent: Parent; readonly name: string; readonly parts: string[] }
    | undefined;
  #length = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `sent` is kept when what was published has gone out. */
  constructor(session: string, publish: (message: Message) => void, sent: () => Promise<void>) {
    this.#session = session;
    this.#publish = publish;
    this.#sent = sent;
  }

  /** Kept when all that was told has gone out. */
  drained(): Promise<void> {
    this.flush();
    return this.#sent();
  }

  /** Publishes what belongs to `parent`, after all that was printed before. */
  publish(
    parent: Parent,
    type: string,
    content: Record<string, unknown>,
    metadata?: Readonly<Record<string, unknown>>,
    buffers?: readonly Uint8Array[],
  ): void {
    this.flush();
    this.#send(type, { parent, content, metadata, buffers });
  }

  /** Publishes printed text, soon. */
  print(parent: Parent, name: "stdout" | "stderr", text: string): void {
    if (this.#text?.parent !== parent || this.#text.name !== name) this.flush();
    this.#text ??= { parent, name, parts: [] };
    this.#text.parts.push(text);
    this.#length += text.length;
    if (this.#length > GATHERED_LENGTH) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), GATHERED_MS);
  }

  /** Publishes what a guest told; `count` is the number of its cell's execution. */
  told(parent: Parent, told: Told, count: number): void {
    if (told.kind === "stream") this.print(parent, told.name, told.text);
    else if (told.kind === "display") {
      const { type, data, metadata, id } = told;
      this.publish(parent, type, {
        data,
        metadata,
        ...type === "execute_result"
          ? { execution_count: count }
          : { transient: id === undefined ? {} : { display_id: id } },
      });
    } else if (told.kind === "broadcast") {
      this.publish(parent, told.type, told.content, told.metadata, told.buffers.map(decodeBase64));
    }
  }

  /** Publishes what was printed until now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const printed = this.#text;
    this.#text = undefined;
    this.#length = 0;
    if (printed !== undefined) {
      const { parent, name, parts } = printed;
      this.#send("stream", { parent, content: { name, text: parts.join("") } });
    }
  }

  #send(type: string, parts: Omit<Parameters<typeof messageOf>[2], "identities">): void {
    const topic = new TextEncoder().encode(type);
    this.#publish(messageOf(this.#session, type, { ...parts, identities: [topic] }));
  }
}
