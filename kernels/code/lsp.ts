/**
 * A client of Deno's language server, over its standard input and output.
 *
 * @module
 */

interface Pending {
  readonly resolve: (result: never) => void;
  readonly reject: (reason: Error) => void;
}

/** A running server that knows one document. */
export class LanguageServer {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #pending = new Map<number, Pending>();
  #next = 0;

  private constructor(cwd: string) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["lsp"],
      cwd,
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#read().catch(() => {}).finally(() => {
      for (const { reject } of this.#pending.values()) reject(new Error("the language server has ended"));
      this.#pending.clear();
    });
  }

  /** Starts a server with an empty document. */
  static async start(cwd: string, uri: string): Promise<LanguageServer> {
    const server = new LanguageServer(cwd);
    await server.ask("initialize", {
      processId: Deno.pid,
      rootUri: uri.slice(0, uri.lastIndexOf("/")),
      initializationOptions: { enable: true, suggest: { completeFunctionCalls: false } },
      capabilities: { textDocument: { hover: { contentFormat: ["markdown"] }, completion: {} } },
    });
    server.#notify("initialized", {});
    server.#notify("textDocument/didOpen", {
      textDocument: { uri, languageId: "typescript", version: 0, text: "" },
    });
    return server;
  }

  /** Gives the document another text. */
  change(uri: string, version: number, text: string): void {
    this.#notify("textDocument/didChange", { textDocument: { uri, version }, contentChanges: [{ text }] });
  }

  /** Asks, and waits for the answer. */
  ask<Result>(method: string, params: unknown): Promise<Result> {
    const id = ++this.#next;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#send({ id, method, params });
    });
  }

  /** Ends the server. */
  async stop(): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#child.status;
  }

  #notify(method: string, params: unknown): void {
    this.#send({ method, params });
  }

  #send(message: Record<string, unknown>): void {
    const body = new TextEncoder().encode(JSON.stringify({ jsonrpc: "2.0", ...message }));
    const head = new TextEncoder().encode(`Content-Length: ${body.length}\r\n\r\n`);
    this.#writer.write(head).catch(() => {});
    this.#writer.write(body).catch(() => {});
  }

  async #read(): Promise<void> {
    let bytes = new Uint8Array();
    for await (const chunk of this.#child.stdout) {
      bytes = join(bytes, chunk);
      for (let whole; (whole = take(bytes)) !== undefined;) {
        bytes = whole.rest;
        this.#take(JSON.parse(whole.text));
      }
    }
  }

  #take({ id, method, result, error, params }: Record<string, unknown>): void {
    if (method !== undefined) {
      // The server asks for settings, and registers what nobody here looks at.
      if (id === undefined) return;
      const items = (params as { items?: unknown[] } | undefined)?.items ?? [];
      const answer = method === "workspace/configuration" ? items.map(() => ({ enable: true })) : null;
      return this.#send({ id, result: answer });
    }
    const pending = this.#pending.get(id as number);
    this.#pending.delete(id as number);
    if (error === undefined) pending?.resolve(result as never);
    else pending?.reject(new Error((error as Error).message));
  }
}

/** The first whole message in some bytes. */
function take(bytes: Uint8Array<ArrayBuffer>): { text: string; rest: Uint8Array<ArrayBuffer> } | undefined {
  const head = new TextDecoder("latin1").decode(bytes.subarray(0, 200));
  const match = head.match(/^(?:.*\r\n)*?Content-Length: (\d+)\r\n(?:.*\r\n)*?\r\n/i);
  if (match === null) return undefined;
  const [begin, end] = [match[0].length, match[0].length + Number(match[1])];
  if (bytes.length < end) return undefined;
  return { text: new TextDecoder().decode(bytes.subarray(begin, end)), rest: bytes.slice(end) };
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}
