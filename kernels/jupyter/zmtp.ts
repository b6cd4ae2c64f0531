/**
 * ZeroMQ's wire protocol, ZMTP 3.0 with the NULL mechanism (https://rfc.zeromq.org/spec/23/), over Deno's own sockets. The
 * package `zeromq` loads into Deno, but its sockets stop hearing: it waits by libuv's polling, which Deno does not have.
 *
 * @module
 */

/** What two ends tell each other they are. */
export type SocketType = "ROUTER" | "DEALER" | "PUB" | "SUB" | "REP" | "REQ";

/** What some bytes on the wire are. */
const [MORE, LONG, COMMAND] = [1, 2, 4];
const GREETING = 64;
/** A frame that says it is longer than this is none: no client sends 4 GiB at once. */
const LONGEST = 2 ** 32;

/** A connection after its handshake. */
export class Peer {
  /** Whom the other end says it is; empty where it does not. */
  readonly identity: Uint8Array;
  readonly #connection: Deno.Conn;
  readonly #reader: Reader;
  /** What is still to be written; the promise of the last part. */
  #written: Promise<void> = Promise.resolve();
  #waitingBytes = 0;

  private constructor(connection: Deno.Conn, reader: Reader, identity: Uint8Array) {
    this.#connection = connection;
    this.#reader = reader;
    this.identity = identity;
  }

  /** Shakes hands. Throws where the other end speaks something else. */
  static async greet(
    connection: Deno.Conn,
    type: SocketType,
    identity: Uint8Array = new Uint8Array(),
  ): Promise<Peer> {
    const reader = new Reader(connection);
    await writeAll(connection, greeting());
    const theirs = await reader.read(GREETING);
    const mechanism = new TextDecoder().decode(theirs.subarray(12, 32)).replace(/\0+$/, "");
    if (theirs[0] !== 0xff || theirs[9] !== 0x7f || theirs[10] < 3) {
      throw new TypeError("zmtp: expected a greeting of version 3 or later");
    }
    if (mechanism !== "NULL") {
      throw new TypeError(`zmtp: expected the mechanism NULL but found "${mechanism}"`);
    }
    await writeAll(connection, frame(ready(type, identity), COMMAND));
    const { flags, body } = await reader.frame();
    const command = nameOf(body);
    if ((flags & COMMAND) === 0 || command !== "READY") {
      throw new TypeError("zmtp: expected the command READY");
    }
    return new Peer(connection, reader, propertyOf(body, "Identity"));
  }

  /** The next message; null when the other end has closed. Subscriptions are messages of one frame, as in version 3.0. */
  async receive(): Promise<Uint8Array[] | null> {
    const frames: Uint8Array[] = [];
    try {
      while (true) {
        const { flags, body } = await this.#reader.frame();
        if (flags & COMMAND) {
          const subscription = this.#obey(body);
          if (subscription !== undefined) return [subscription];
          continue;
        }
        frames.push(body);
        if ((flags & MORE) === 0) return frames;
      }
    } catch (error) {
      if (error instanceof TypeError) throw error;
      return null;
    }
  }

  /** Sends a message after those before; kept when it is written, or the other end has gone. */
  send(frames: readonly Uint8Array[]): Promise<void> {
    const parts = frames.map((body, i) => frame(body, i < frames.length - 1 ? MORE : 0));
    return this.#write(parts.length > 1 && total(parts) < 1 << 16 ? [joined(parts)] : parts);
  }

  /** Bytes that are still to be written. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Kept when all is written. */
  get written(): Promise<void> {
    return this.#written;
  }

  /** Closes the connection, when all is written. */
  async close(): Promise<void> {
    await this.#written;
    this.end();
  }

  /** Closes the connection. */
  end(): void {
    try {
      this.#connection.close();
    } catch {
      // It is closed.
    }
  }

  #write(parts: readonly Uint8Array[]): Promise<void> {
    const bytes = total(parts);
    this.#waitingBytes += bytes;
    this.#written = this.#written.then(async () => {
      for (const part of parts) await writeAll(this.#connection, part);
    }).catch(() => this.end()).finally(() => this.#waitingBytes -= bytes);
    return this.#written;
  }

  /** Answers a ping; gives a subscription as the message that it is in version 3.0. */
  #obey(body: Uint8Array): Uint8Array | undefined {
    const name = nameOf(body);
    const rest = body.subarray(1 + name.length);
    if (name === "PING") this.#write([frame(joined([command("PONG"), rest.subarray(2)]), COMMAND)]);
    if (name === "SUBSCRIBE") return joined([new Uint8Array([1]), rest]);
    return name === "CANCEL" ? joined([new Uint8Array([0]), rest]) : undefined;
  }
}

/** Reads a stream in pieces of known length. */
class Reader {
  readonly #connection: Deno.Conn;
  #buffer = new Uint8Array(1 << 16);
  #begin = 0;
  #end = 0;

  constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  async read(length: number): Promise<Uint8Array> {
    while (this.#end - this.#begin < length) {
      this.#makeRoom(length);
      const count = await this.#connection.read(this.#buffer.subarray(this.#end));
      if (count === null) throw new Deno.errors.UnexpectedEof();
      this.#end += count;
    }
    this.#begin += length;
    return this.#buffer.slice(this.#begin - length, this.#begin);
  }

  async frame(): Promise<{ flags: number; body: Uint8Array }> {
    const [flags] = await this.read(1);
    const size = await this.read(flags & LONG ? 8 : 1);
    const length = flags & LONG ? Number(new DataView(size.buffer).getBigUint64(0)) : size[0];
    if (length > LONGEST) throw new TypeError(`zmtp: a frame of ${length} bytes is too long`);
    return { flags, body: await this.read(length) };
  }

  #makeRoom(length: number): void {
    if (this.#buffer.length - this.#begin >= Math.max(length, 1)) {
      if (this.#end < this.#buffer.length) return;
    }
    const kept = this.#buffer.subarray(this.#begin, this.#end);
    const size = Math.max(1 << 16, length);
    const next = size > this.#buffer.length || kept.length === size ? new Uint8Array(size) : this.#buffer;
    if (next === this.#buffer) next.copyWithin(0, this.#begin, this.#end);
    else next.set(kept);
    // What was made for one large message is not kept for small ones.
    this.#buffer = next;
    this.#end -= this.#begin;
    this.#begin = 0;
  }
}

function greeting(): Uint8Array {
  const bytes = new Uint8Array(GREETING);
  bytes[0] = 0xff;
  bytes[9] = 0x7f;
  bytes[10] = 3;
  bytes.set(new TextEncoder().encode("NULL"), 12);
  return bytes;
}

function ready(type: SocketType, identity: Uint8Array): Uint8Array {
  const property = (name: string, value: Uint8Array) => {
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, value.length);
    return joined([command(name), length, value]);
  };
  return joined([
    command("READY"),
    property("Socket-Type", new TextEncoder().encode(type)),
    property("Identity", identity),
  ]);
}

/** A name with its length before it. */
function command(name: string): Uint8Array {
  return joined([new Uint8Array([name.length]), new TextEncoder().encode(name)]);
}

function nameOf(body: Uint8Array): string {
  return new TextDecoder().decode(body.subarray(1, 1 + body[0]));
}

/** A property of READY; empty where it is not there. */
function propertyOf(body: Uint8Array, wanted: string): Uint8Array {
  for (let at = 1 + body[0]; at < body.length;) {
    const name = nameOf(body.subarray(at));
    at += 1 + body[at];
    const length = new DataView(body.buffer, body.byteOffset + at).getUint32(0);
    if (name.toLowerCase() === wanted.toLowerCase()) return body.slice(at + 4, at + 4 + length);
    at += 4 + length;
  }
  return new Uint8Array();
}

function frame(body: Uint8Array, flags: number): Uint8Array {
  if (body.length < 256) return joined([new Uint8Array([flags, body.length]), body]);
  const head = new Uint8Array(9);
  head[0] = flags | LONG;
  new DataView(head.buffer).setBigUint64(1, BigInt(body.length));
  return joined([head, body]);
}

function total(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(total(parts));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}
