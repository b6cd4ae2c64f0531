/**
 * Comms: two-way channels between code in cells and whatever shows them, such as widgets.
 *
 * @module
 */
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { tell } from "./channel.ts";

/** What comes over a comm. */
export interface CommMessage {
  readonly data: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly buffers: readonly Uint8Array[];
}

/** What goes over a comm beside its data. */
export interface CommOptions {
  readonly metadata?: Record<string, unknown>;
  readonly buffers?: readonly Uint8Array[];
}

/** One end of a channel. */
export class Comm {
  /** Called with each message. */
  onMessage: (message: CommMessage) => void = () => {};
  /** Called when the other end closes. */
  onClose: (message: CommMessage) => void = () => {};
  constructor(readonly id: string, readonly target: string) {}

  /** Sends to the other end. */
  send(data: Record<string, unknown>, options: CommOptions = {}): void {
    broadcast("comm_msg", { comm_id: this.id, data }, options);
  }

  /** Closes both ends. */
  close(data: Record<string, unknown> = {}, options: CommOptions = {}): void {
    open.delete(this.id);
    broadcast("comm_close", { comm_id: this.id, data }, options);
  }
}

const open = new Map<string, Comm>();
const targets = new Map<string, (comm: Comm, message: CommMessage) => void>();

/** Sends a message of any type to all clients. */
export function broadcast(type: string, content: Record<string, unknown>, options: CommOptions = {}): void {
  const { metadata = {}, buffers = [] } = options;
  tell({ kind: "broadcast", type, content, metadata, buffers: buffers.map(encodeBase64) });
}

/** What cells see as `Deno.jupyter.comms`. */
export const comms = {
  /** Opens a channel to the clients' `target`. */
  open(target: string, data: Record<string, unknown> = {}, options: CommOptions = {}): Comm {
    const comm = new Comm(crypto.randomUUID(), target);
    open.set(comm.id, comm);
    broadcast("comm_open", { comm_id: comm.id, target_name: target, data }, options);
    return comm;
  },
  /** What happens when a client opens a channel to `target`. */
  register(target: string, handler: (comm: Comm, message: CommMessage) => void): void {
    targets.set(target, handler);
  },
  /** The channels that are open. */
  list(): Comm[] {
    return [...open.values()];
  },
};

/** A message that a client sent. */
export function receive(
  type: string,
  content: Record<string, unknown>,
  metadata: object,
  buffers: string[],
): void {
  const { comm_id: id, target_name: target, data = {} } = content as {
    comm_id: string;
    target_name: string;
    data?: Record<string, unknown>;
  };
  const message = { data, metadata: { ...metadata }, buffers: buffers.map(decodeBase64) };
  if (type === "comm_open") {
    const handler = targets.get(target);
    // As the protocol has it: who knows no such target closes.
    if (handler === undefined) return broadcast("comm_close", { comm_id: id, data: {} });
    const comm = new Comm(id, target);
    open.set(id, comm);
    handler(comm, message);
    return;
  }
  const comm = open.get(id);
  if (type === "comm_close") open.delete(id);
  if (type === "comm_close") comm?.onClose(message);
  else comm?.onMessage(message);
}
