/**
 * A Jupyter client for tests: starts the kernel as Jupyter does, sends requests and gathers what comes back.
 *
 * @module
 */
import { Peer, type SocketType } from "../../kernels/jupyter/zmtp.ts";
import { Codec, type Header, type Message } from "../../kernels/jupyter/wire.ts";

const MAIN = new URL("../../kernels/main.ts", import.meta.url);
const KEY = "a key of the tests";
const CHANNELS = ["shell", "control", "stdin"] as const;
type Channel = typeof CHANNELS[number];

/** What a client gets for a request. */
export interface Answered {
  readonly reply: Record<string, unknown>;
  /** All that was published for the request but for the states, in order. */
  readonly published: Message[];
  /** What was printed, by stream. */
  readonly printed: { stdout: string; stderr: string };
  /** The value's text, undefined where there is none. */
  readonly text: string | undefined;
}

interface Waiting {
  readonly published: Message[];
  readonly resolve: (answered: Answered) => void;
  reply?: Message;
  idle?: boolean;
}

/** Options of a request. */
export interface SendOptions {
  readonly channel?: Channel;
  readonly metadata?: Record<string, unknown>;
  readonly buffers?: readonly Uint8Array[];
}

/** A kernel that was started for tests. */
export class TestKernel implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #connection: Record<string, unknown>;
  readonly #file: string;
  readonly complaints: Promise<string>;
  readonly #clients: Client[] = [];

  private constructor(child: Deno.ChildProcess, connection: Record<string, unknown>, file: string) {
    this.#child = child;
    this.#connection = connection;
    this.#file = file;
    this.complaints = new Response(child.stderr).text();
  }

  /** Starts a kernel in a folder; `main` is the program's address, where it is not the one of this repository. */
  static async start(cwd: string, main = MAIN.href): Promise<TestKernel> {
    const ports = freePorts(5);
    const connection = {
      transport: "tcp",
      ip: "127.0.0.1",
      key: KEY,
      signature_scheme: "hmac-sha256",
      shell_port: ports[0],
      iopub_port: ports[1],
      stdin_port: ports[2],
      control_port: ports[3],
      hb_port: ports[4],
    };
    const file = await Deno.makeTempFile({ suffix: ".json" });
    await Deno.writeTextFile(file, JSON.stringify(connection));
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", "--quiet", "--no-config", "--no-lock", main, file],
      cwd,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    return new TestKernel(child, connection, file);
  }

  /** A client; ready when the kernel answers it. */
  async connect(): Promise<Client> {
    const client = new Client(this.#connection);
    this.#clients.push(client);
    await client.ready();
    return client;
  }

  /** Whether the heartbeat is answered. */
  async beats(): Promise<boolean> {
    const heart = await connected(Number(this.#connection.hb_port), "REQ");
    await heart.send([new Uint8Array(), new TextEncoder().encode("beat")]);
    const answer = await heart.receive();
    heart.end();
    return new TextDecoder().decode(answer?.[1]) === "beat";
  }

  /** A connection that asks for everything that is published, and never reads it. */
  async deafClient(): Promise<Deno.Conn> {
    const connection = await Deno.connect({
      hostname: "127.0.0.1",
      port: Number(this.#connection.iopub_port),
    });
    const peer = await Peer.greet(connection, "SUB");
    await peer.send([Uint8Array.of(1)]);
    return connection;
  }

  /** How the kernel's process ended. */
  get status(): Promise<Deno.CommandStatus> {
    return this.#child.status;
  }

  /** Ends the kernel, unless it has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) await client.close();
    try {
      this.#child.kill("SIGTERM");
    } catch {
      // It has ended.
    }
    await this.#child.status;
    await this.complaints;
    await Deno.remove(this.#file);
  }
}

/** One client. */
export class Client {
  readonly session = crypto.randomUUID();
  readonly codec = new Codec(KEY, "hmac-sha256");
  readonly #sockets: Record<Channel, Promise<Peer>>;
  readonly #published: Promise<Peer>;
  readonly #waiting = new Map<string, Waiting>();
  /** Everything that was published, whoever asked. */
  readonly heard: Message[] = [];
  /** Answers what a cell asks. */
  onAsk: (prompt: string) => string | undefined = () => undefined;

  constructor(connection: Record<string, unknown>) {
    const identity = new TextEncoder().encode(crypto.randomUUID());
    const to = (name: string, type: SocketType) =>
      connected(Number(connection[`${name}_port`]), type, identity);
    this.#sockets = Object.fromEntries(CHANNELS.map((name) => [name, to(name, "DEALER")])) as Record<
      Channel,
      Promise<Peer>
    >;
    this.#published = to("iopub", "SUB");
    for (const name of CHANNELS) this.#listen(name);
    this.#hear();
  }

  /** Asks until an answer and its states come: a subscription takes effect some time after it was made. */
  async ready(): Promise<void> {
    for (let i = 0; i < 200; i++) {
      const info = this.send("kernel_info_request", {});
      const answered = await Promise.race([
        info,
        new Promise<undefined>((resolve) => setTimeout(resolve, 50 + 5 * i)),
      ]);
      if (answered !== undefined) return;
    }
    throw new Error("the kernel does not answer");
  }

  /** Sends a request; kept when the reply and the state "idle" have come. */
  send(type: string, content: Record<string, unknown>, options: SendOptions = {}): Promise<Answered> {
    const { channel = "shell", metadata = {}, buffers = [] } = options;
    const header = this.header(type);
    const { promise, resolve } = Promise.withResolvers<Answered>();
    this.#waiting.set(header.msg_id, { published: [], resolve });
    this.post(channel, { identities: [], header, parent: {}, metadata, content, buffers });
    return promise;
  }

  /** Runs a cell. */
  run(
    code: string,
    content: Record<string, unknown> = {},
    metadata: Record<string, unknown> = {},
  ): Promise<Answered> {
    const all = {
      code,
      silent: false,
      store_history: true,
      allow_stdin: true,
      stop_on_error: true,
      ...content,
    };
    return this.send("execute_request", all, { metadata });
  }

  /** Sends without waiting. */
  post(channel: Channel, message: Message): void {
    this.raw(channel, this.codec.encode(message));
  }

  /** Sends frames, whatever they are. */
  raw(channel: Channel, frames: Uint8Array[]): void {
    this.#sockets[channel].then((peer) => peer.send(frames));
  }

  header(type: string): Header {
    return {
      msg_id: crypto.randomUUID(),
      session: this.session,
      username: "test",
      date: new Date().toISOString(),
      msg_type: type,
      version: "5.4",
    };
  }

  async close(): Promise<void> {
    for (const peer of [...Object.values(this.#sockets), this.#published]) (await peer).end();
  }

  async #listen(name: Channel): Promise<void> {
    const peer = await this.#sockets[name];
    for (let frames; (frames = await peer.receive()) !== null;) {
      const message = this.codec.decode(frames);
      if (message.header.msg_type === "input_request") {
        const value = this.onAsk(String(message.content.prompt));
        if (value === undefined) continue;
        const header = this.header("input_reply");
        this.post("stdin", {
          identities: [],
          header,
          parent: message.header,
          metadata: {},
          content: { value },
          buffers: [],
        });
        continue;
      }
      const waiting = this.#waiting.get((message.parent as Header).msg_id);
      if (waiting === undefined) continue;
      waiting.reply = message;
      this.#done(waiting, message.parent as Header);
    }
  }

  async #hear(): Promise<void> {
    const peer = await this.#published;
    await peer.send([new Uint8Array([1])]);
    for (let frames; (frames = await peer.receive()) !== null;) {
      const message = this.codec.decode(frames);
      this.heard.push(message);
      const parent = message.parent as Header;
      const waiting = this.#waiting.get(parent.msg_id);
      if (waiting === undefined) continue;
      if (message.header.msg_type !== "status") waiting.published.push(message);
      if (message.content.execution_state !== "idle") continue;
      waiting.idle = true;
      this.#done(waiting, parent);
    }
  }

  /** As nbclient does: what comes after the state "idle" is not seen. */
  #done(waiting: Waiting, { msg_id: id, msg_type: type }: Header): void {
    const replied = waiting.reply !== undefined || type.startsWith("comm_") && type !== "comm_info_request";
    if (!replied || waiting.idle !== true) return;
    this.#waiting.delete(id);
    const { published } = waiting;
    const of = (name: string) =>
      published.filter(({ header, content }) => header.msg_type === "stream" && content.name === name)
        .map(({ content }) => content.text).join("");
    const result = published.find(({ header }) => header.msg_type === "execute_result");
    waiting.resolve({
      reply: waiting.reply?.content ?? {},
      published,
      printed: { stdout: of("stdout"), stderr: of("stderr") },
      text: (result?.content.data as Record<string, string> | undefined)?.["text/plain"],
    });
  }
}

/** A connection to a port, as soon as somebody listens there. */
async function connected(port: number, type: SocketType, identity?: Uint8Array): Promise<Peer> {
  for (let i = 0;; i++) {
    try {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port });
      connection.setNoDelay(true);
      return await Peer.greet(connection, type, identity);
    } catch (error) {
      if (i === 200 || !(error instanceof Deno.errors.ConnectionRefused)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}

function freePorts(count: number): number[] {
  const listeners = Array.from({ length: count }, () => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  const ports = listeners.map(({ addr }) => (addr as Deno.NetAddr).port);
  for (const listener of listeners) listener.close();
  return ports;
}
