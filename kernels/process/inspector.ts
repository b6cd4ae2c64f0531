/**
 * A client of V8's inspector (Chrome DevTools protocol) over a WebSocket. The package `ws` is it that sends small messages
 * at once; Deno's own WebSocket does not, and lets each wait for 40 ms.
 *
 * @module
 */
// @ts-types="npm:@types/ws@8.18.1"
import { WebSocket } from "npm:ws@8.23.0";

/** What the inspector answered with instead of a result. */
export class InspectorError extends Error {
  override name = "InspectorError";
}

interface Pending {
  readonly resolve: (result: never) => void;
  readonly reject: (reason: Error) => void;
}

/** A connection. */
export class Inspector {
  readonly #socket: WebSocket;
  readonly #pending = new Map<number, Pending>();
  #next = 0;

  private constructor(socket: WebSocket, notify: (method: string, params: Record<string, unknown>) => void) {
    this.#socket = socket;
    socket.on("message", (data) => {
      const { id, method, params, result, error } = JSON.parse(String(data));
      this.#acknowledge();
      if (id === undefined) return notify(method, params);
      const pending = this.#pending.get(id);
      this.#pending.delete(id);
      if (error === undefined) pending?.resolve(result as never);
      else pending?.reject(new InspectorError(error.message));
    });
    // Whoever waits for an answer hears of a broken connection when it closes.
    socket.on("error", () => {});
    socket.on("close", () => {
      for (const { reject } of this.#pending.values()) {
        reject(new InspectorError("the connection was closed"));
      }
      this.#pending.clear();
    });
  }

  /** Connects to `url`; `notify` gets what the inspector says unasked, in order. */
  static async connect(
    url: string,
    notify: (method: string, params: Record<string, unknown>) => void,
  ): Promise<Inspector> {
    const socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: 0 });
    await new Promise<void>((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", (error) => reject(new InspectorError(error.message)));
    });
    return new Inspector(socket, notify);
  }

  /** Asks, and waits for the answer. Rejects with an {@linkcode InspectorError}. */
  post<Result>(method: string, params: Record<string, unknown> = {}): Promise<Result> {
    if (this.#socket.readyState !== WebSocket.OPEN) {
      return Promise.reject(new InspectorError("the connection is not open"));
    }
    const id = ++this.#next;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  /**
   * The inspector holds back a second small packet until the first is acknowledged, and this side would acknowledge after
   * 40 ms unless it has something to send (Nagle's algorithm and delayed acknowledgement). A pong is something, and is not
   * answered.
   */
  #acknowledge(): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.pong();
  }

  /** Closes the connection. */
  close(): void {
    this.#socket.close();
  }
}
