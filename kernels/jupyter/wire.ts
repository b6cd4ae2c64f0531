/**
 * Jupyter's messages as they go over the wire: frames, signed and checked
 * (https://jupyter-client.readthedocs.io/en/stable/messaging.html, version 5.4).
 *
 * @module
 */
import { createHmac, timingSafeEqual } from "node:crypto";

/** Who sent what, and when. */
export interface Header {
  readonly msg_id: string;
  readonly session: string;
  readonly username: string;
  /** ISO 8601. */
  readonly date: string;
  readonly msg_type: string;
  readonly version: string;
}

/** A message. */
export interface Message {
  /** Where a router sends it to. */
  readonly identities: readonly Uint8Array[];
  readonly header: Header;
  /** The header of what it answers; empty where it answers nothing. */
  readonly parent: Header | Record<string, never>;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly content: Readonly<Record<string, unknown>>;
  readonly buffers: readonly Uint8Array[];
}

/** The version that is spoken. */
export const PROTOCOL_VERSION = "5.4";

const DELIMITER = new TextEncoder().encode("<IDS|MSG>");
/** How many signatures are remembered, so that no message can be sent again by somebody else. */
const REMEMBERED = 1 << 16;

/** Encodes and decodes the messages of one connection. */
export class Codec {
  readonly #key: string;
  readonly #hash: string;
  readonly #seen = new Set<string>();

  /**
   * @param key empty: messages are not signed
   * @param scheme such as "hmac-sha256"
   */
  constructor(key: string, scheme: string) {
    const hash = scheme.match(/^hmac-(sha\d+|md5)$/)?.[1];
    if (hash === undefined) {
      throw new TypeError(
        `connection: expected signature_scheme "hmac-sha256" or the like but found "${scheme}"`,
      );
    }
    this.#key = key;
    this.#hash = hash;
  }

  /** The frames of a message. */
  encode({ identities, header, parent, metadata, content, buffers }: Message): Uint8Array[] {
    const encoder = new TextEncoder();
    const parts = [header, parent, metadata, content].map((part) => encoder.encode(jsonOf(part)));
    const signature = encoder.encode(this.#sign(parts));
    return [...identities, DELIMITER, signature, ...parts, ...buffers];
  }

  /** The message of frames. Throws a `TypeError` or `SyntaxError` that says what is wrong with them. */
  decode(frames: readonly Uint8Array[]): Message {
    const at = frames.findIndex((frame) => equal(frame, DELIMITER));
    if (at < 0) throw new TypeError("message: expected the delimiter <IDS|MSG> but found none");
    const parts = frames.slice(at + 2, at + 6);
    if (parts.length < 4) throw new TypeError(`message: expected 4 parts but found ${parts.length}`);
    const decoder = new TextDecoder();
    this.#check(decoder.decode(frames[at + 1]), parts);
    const [header, parent, metadata, content] = parts.map((part) => JSON.parse(decoder.decode(part)));
    for (const name of ["msg_id", "msg_type", "session"]) {
      if (typeof header?.[name] !== "string") {
        throw new TypeError(
          `message: expected the header to have a text "${name}" but found ${header?.[name]}`,
        );
      }
    }
    if (typeof content !== "object" || content === null || Array.isArray(content)) {
      throw new TypeError("message: expected the content to be an object");
    }
    return {
      identities: frames.slice(0, at),
      header,
      parent,
      metadata,
      content,
      buffers: frames.slice(at + 6),
    };
  }

  #sign(parts: readonly Uint8Array[]): string {
    if (this.#key === "") return "";
    const hmac = createHmac(this.#hash, this.#key);
    for (const part of parts) hmac.update(part);
    return hmac.digest("hex");
  }

  #check(signature: string, parts: readonly Uint8Array[]): void {
    if (this.#key === "") return;
    const encoder = new TextEncoder();
    const [given, right] = [encoder.encode(signature), encoder.encode(this.#sign(parts))];
    if (given.length !== right.length || !timingSafeEqual(given, right)) {
      throw new TypeError("message: its signature is wrong");
    }
    if (this.#seen.has(signature)) throw new TypeError("message: it was sent before");
    this.#seen.add(signature);
    if (this.#seen.size > REMEMBERED) this.#seen.delete(this.#seen.values().next().value!);
  }
}

/** Half a character of two units. Clients that write files refuse it. */
const HALF = /\\ud[89a-f][0-9a-f]{2}/i;

/** JSON without halves of characters. */
function jsonOf(part: unknown): string {
  const text = JSON.stringify(part);
  if (!HALF.test(text)) return text;
  return JSON.stringify(part, (_, value) => typeof value === "string" ? value.toWellFormed() : value);
}

/** What a message answers; empty where it answers nothing. */
export type Parent = Message["parent"];

/** A new message of a kernel's session; metadata and buffers are empty unless given. */
export function messageOf(
  session: string,
  type: string,
  { identities, parent, content, metadata = {}, buffers = [] }:
    & Pick<Message, "identities" | "parent" | "content">
    & Partial<Pick<Message, "metadata" | "buffers">>,
): Message {
  return { identities, header: headerOf(type, session), parent, metadata, content, buffers };
}

/** A new header of a message of a kernel. */
export function headerOf(type: string, session: string): Header {
  return {
    msg_id: crypto.randomUUID(),
    session,
    username: "kernel",
    date: new Date().toISOString(),
    msg_type: type,
    version: PROTOCOL_VERSION,
  };
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
