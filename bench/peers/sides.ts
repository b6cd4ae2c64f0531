/**
 * The sides of the comparison as processes, and what to say where one cannot run here.
 *
 * @module
 */
import { lines } from "./lines.ts";
import type { Failed, Made, Ran, Request } from "./serve.ts";

/** How the processes are started. */
export interface SideOptions {
  /** Python with PyTorch. */
  python: string;
  /** Threads of each side. */
  threads: number;
}

/** One library in one configuration. */
interface Side {
  /** As people read it. */
  title: string;
  command(options: SideOptions): string[];
  env?: Record<string, string>;
  /** What a process that does not start lacks. */
  missing(options: SideOptions): string;
}

const here = (file: string) => new URL(file, import.meta.url).pathname;
const deno = (file: string) => [Deno.execPath(), "run", "-A", here(file)];
const torch: Omit<Side, "title"> = {
  command: ({ python }) => [python, here("torch_side.py")],
  missing: ({ python }) =>
    `${python} has no PyTorch (name a Python that has it with --python or EBB_TORCH_PYTHON)`,
};

/** glibc's malloc keeps its pages: page faults are dear on virtual machines, and PyTorch has no pool of its own. */
const KEEP_PAGES = {
  MALLOC_MMAP_THRESHOLD_: "2000000000",
  MALLOC_TRIM_THRESHOLD_: "8000000000",
  MALLOC_TOP_PAD_: "67108864",
};

/** Every side by its name. */
export const SIDES: Readonly<Record<string, Side>> = {
  ebb: { title: "Ebb", command: () => deno("ebb_side.ts"), missing: () => "it does not start" },
  torch: { title: "PyTorch, malloc tuned", ...torch, env: KEEP_PAGES },
  "torch-default": { title: "PyTorch", ...torch },
  "torch-fused": {
    title: "PyTorch, malloc tuned, fused forms",
    ...torch,
    env: { ...KEEP_PAGES, EBB_TORCH_FUSED: "1" },
  },
  // On a card: see ../gpu/main.ts.
  "ebb-card": { title: "Ebb", command: () => deno("../gpu/ebb_side.ts"), missing: () => "it does not start" },
  "torch-card": {
    title: "PyTorch",
    ...torch,
    command: ({ python }) => [python, here("../gpu/torch_side.py")],
  },
  jax: {
    title: "jax-js (wasm)",
    command: () => deno("jax_side.ts"),
    missing: () => "npm:@jax-js/jax cannot be loaded",
  },
};

/** How long a process may take to end once it is told to. */
const PATIENCE_MS = 5000;

/** The process of a side. */
export class SideProcess implements AsyncDisposable {
  /** As people read it. */
  readonly title: string;
  /** Id of the process. */
  readonly pid: number;
  readonly #missing: string;
  readonly #process: Deno.ChildProcess;
  readonly #requests: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #replies: ReadableStreamDefaultReader<string>;

  /** Starts the process. Throws a sentence where the program is not there. */
  constructor(name: string, options: SideOptions) {
    const side = SIDES[name];
    this.title = side.title;
    this.#missing = side.missing(options);
    const [program, ...args] = side.command(options);
    const threads = `${options.threads}`;
    const env = { ...side.env, EBB_THREADS: threads, OMP_NUM_THREADS: threads };
    const command = new Deno.Command(program, { args, env, stdin: "piped", stdout: "piped", stderr: "null" });
    try {
      this.#process = command.spawn();
    } catch {
      throw new Error(this.#missing);
    }
    this.pid = this.#process.pid;
    this.#requests = this.#process.stdin.getWriter();
    const text = this.#process.stdout.pipeThrough(
      new TextDecoderStream() as TransformStream<Uint8Array, string>,
    );
    this.#replies = text.pipeThrough(lines()).getReader();
  }

  /** Sends a request and waits for the reply. Throws what went wrong on the other side. */
  async ask(request: Request & { ask: "make" }): Promise<Made>;
  async ask(request: Request & { ask: "run" }): Promise<Ran>;
  async ask(request: Request & { ask: "drop" }): Promise<object>;
  async ask(request: Request): Promise<object> {
    const line = new TextEncoder().encode(JSON.stringify(request) + "\n");
    const sent = await this.#requests.write(line).then(() => true, () => false);
    const { value } = sent ? await this.#replies.read() : { value: undefined };
    if (value === undefined) throw new Error(this.#missing);
    const reply = JSON.parse(value) as Failed | Made | Ran | object;
    if ("error" in reply) throw new Error(reply.error);
    return reply;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#requests.close().catch(() => {});
    const impatience = setTimeout(() => this.#process.kill("SIGKILL"), PATIENCE_MS);
    await this.#process.status;
    clearTimeout(impatience);
    await this.#replies.cancel();
  }
}
