/**
 * The five sockets of a kernel. Messages that are none, or whose signature is wrong, are dropped here.
 *
 * @module
 */
import { addressOf, type Connection } from "./connection.ts";
import { Codec, type Message } from "./wire.ts";
import { Peer, type SocketType } from "./zmtp.ts";

/** A socket on which clients ask. */
export type Channel = "shell" | "control" | "stdin";

/** Takes what clients send. */
export type Receive = (channel: Channel, message: Message) => void;

/** Clients of one socket. */
class Bound {
  readonly #listener: Deno.Listener;
  readonly #peers = new Map<string, Peer>();

  /** Listens; `take` gets the messages of each client, and its key. */
  constructor(address: ReturnType<typeof addressOf>, type: SocketType, take: Take) {
    this.#listener = "path" in address
      ? Deno.listen({ ...address, transport: "unix" })
      : Deno.listen({ ...address, transport: "tcp" });
    this.#accept(type, take);
  }

  /** The clients by key. */
  get peers(): ReadonlyMap<string, Peer> {
    return this.#peers;
  }

  /** Sends what is still to be sent, for as long as `limitMs`, and closes. */
  async close(limitMs: number): Promise<void> {
    this.#listener.close();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => timer = setTimeout(resolve, limitMs));
    await Promise.race([Promise.all([...this.#peers.values()].map((peer) => peer.close())), late]);
    clearTimeout(timer);
    for (const peer of this.#peers.values()) peer.end();
  }

  async #accept(type: SocketType, take: Take): Promise<void> {
    try {
      for await (const connection of this.#listener) this.#serve(connection, type, take);
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  async #serve(connection: Deno.Conn, type: SocketType, take: Take): Promise<void> {
    let key: string | undefined;
    let peer: Peer | undefined;
    try {
      if ("setNoDelay" in connection) (connection as Deno.TcpConn).setNoDelay(true);
      peer = await Peer.greet(connection, type);
      key = peer.identity.length > 0 ? keyOf(peer.identity) : crypto.randomUUID();
      this.#peers.set(key, peer);
      for (let frames; (frames = await peer.receive()) !== null;) take(frames, key, peer);
    } catch (error) {
      complain(`a client was sent away: ${(error as Error).message}`);
    } finally {
      // A client that came back under the same name has taken its place.
      if (key !== undefined && this.#peers.get(key) === peer) this.#peers.delete(key);
      if (peer === undefined) connection.close();
      else peer.end();
    }
  }
}

type Take = (frames: Uint8Array[], key: string, peer: Peer) => void;

const CHANNELS = ["shell", "control", "stdin"] as const;
/** How long a kernel that ends goes on sending, in milliseconds. */
const LINGER_MS = 1000;
/** How long a client that does not read holds up the others, in milliseconds. */
const PATIENCE_MS = 1000;
/** So many bytes may wait for a client: one that does not read them is sent away. */
const MOST_WAITING = 1 << 28;

/** The sockets, bound. */
export class Sockets {
  readonly #codec: Codec;
  readonly #routers: Readonly<Record<Channel, Bound>>;
  readonly #publisher: Bound;
  readonly #heartbeat: Bound;
  readonly #topics = new WeakMap<Peer, Set<string>>();
  /** Clients that are not waited for until they have read what is there. */
  readonly #slow = new WeakSet<Peer>();

  /** Binds all five; `receive` is called with each message as it comes. */
  constructor(connection: Connection, receive: Receive) {
    this.#codec = new Codec(connection.key, connection.signature_scheme);
    const bind = (name: "shell" | "control" | "stdin" | "iopub" | "hb", type: SocketType, take: Take) =>
      new Bound(addressOf(connection, connection[`${name}_port`]), type, take);
    this.#routers = Object.fromEntries(
      CHANNELS.map((
        name,
      ) => [name, bind(name, "ROUTER", (frames, key) => this.#take(name, frames, key, receive))]),
    ) as Record<Channel, Bound>;
    this.#publisher = bind("iopub", "PUB", ([frame], _key, peer) => this.#subscribe(frame, peer));
    this.#heartbeat = bind("hb", "REP", (frames, _key, peer) => void peer.send(frames));
  }

  /** Answers on a channel; the message's first identity says whom. A client that has gone gets nothing. */
  async reply(channel: Channel, message: Message): Promise<void> {
    const [first, ...identities] = message.identities;
    const peer = this.#routers[channel].peers.get(new TextDecoder().decode(first));
    await peer?.send(this.#codec.encode({ ...message, identities }));
  }

  /** Tells all clients that want to hear of the message's first identity, its topic. */
  publish(message: Message): void {
    const frames = this.#codec.encode(message);
    const topic = keyOf(frames[0]);
    for (const peer of this.#publisher.peers.values()) {
      const wanted = this.#topics.get(peer) ?? new Set();
      if (![...wanted].some((prefix) => topic.startsWith(prefix))) continue;
      peer.send(frames);
      if (peer.waitingBytes < MOST_WAITING) continue;
      complain(`a client was sent away: it left ${peer.waitingBytes} bytes unread`);
      peer.end();
    }
  }

  /** Kept when all clients have taken what was published, or would not in good time. */
  async published(): Promise<void> {
    const taken = [...this.#publisher.peers.values()].map(async (peer) => {
      if (peer.waitingBytes === 0) this.#slow.delete(peer);
      if (this.#slow.has(peer)) return;
      const isTaken = peer.written.then(() => true);
      if (!await Promise.race([isTaken, late(PATIENCE_MS)])) this.#slow.add(peer);
    });
    await Promise.all(taken);
  }

  /** Sends what is still to be sent, and closes. */
  async close(): Promise<void> {
    const all = [...Object.values(this.#routers), this.#publisher, this.#heartbeat];
    await Promise.all(all.map((each) => each.close(LINGER_MS)));
  }

  #take(name: Channel, frames: Uint8Array[], key: string, receive: Receive): void {
    try {
      receive(name, this.#codec.decode([new TextEncoder().encode(key), ...frames]));
    } catch (error) {
      complain(`a message on ${name} was dropped: ${(error as Error).message}`);
    }
  }

  #subscribe(frame: Uint8Array, peer: Peer): void {
    const topics = this.#topics.get(peer) ?? new Set();
    this.#topics.set(peer, topics);
    const topic = keyOf(frame.subarray(1));
    if (frame[0] === 1) topics.add(topic);
    else topics.delete(topic);
  }
}

/** False, after a time; the program does not go on for it. */
function late(ms: number): Promise<false> {
  return new Promise((resolve) => Deno.unrefTimer(setTimeout(() => resolve(false), ms)));
}

/** Bytes as a text that tells them apart. */
function keyOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** Where whoever started the kernel reads what is wrong. */
export function complain(text: string): void {
  console.error(`ebb kernel: ${text}`);
}
