/**
 * What cells print: `console`, and all that is written to standard output and error through Deno's and Node's streams.
 *
 * @module
 */
import { Console } from "node:console";
import type { Writable } from "node:stream";
import process from "node:process";
import { tell } from "./channel.ts";

type Name = "stdout" | "stderr";

/** Sends what is printed to the host. Deno's own streams are given back, for what must go the way of native code. */
export function captureOutput(): Readonly<Record<Name, (bytes: Uint8Array) => void>> {
  const print = (name: Name) => (text: string) => {
    if (text !== "") tell({ kind: "stream", name, text });
  };
  const printing = new Console({
    stdout: sink(print("stdout")),
    stderr: sink(print("stderr")),
    inspectOptions: { depth: 4, colors: false },
  }) as unknown as Record<string, unknown>;
  for (const [name, method] of Object.entries(printing)) {
    if (typeof method === "function") (console as unknown as Record<string, unknown>)[name] = method;
  }
  return { stdout: redirect("stdout", print("stdout")), stderr: redirect("stderr", print("stderr")) };
}

/** As much of a stream as `Console` uses; a real one would print later, and not in order. */
function sink(print: (text: string) => void): Writable {
  const stream = {
    write(text: string) {
      print(text);
      return true;
    },
    on: () => stream,
    once: () => stream,
    removeListener: () => stream,
    listenerCount: () => 0,
  };
  return stream as unknown as Writable;
}

function redirect(name: Name, print: (text: string) => void): (bytes: Uint8Array) => void {
  const own = Deno[name].writeSync.bind(Deno[name]);
  const decoder = new TextDecoder();
  const writeSync = (bytes: Uint8Array) => {
    print(decoder.decode(bytes, { stream: true }));
    return bytes.length;
  };
  const write = (bytes: Uint8Array) => Promise.resolve(writeSync(bytes));
  // Closed, the marks of cells that ended could not be written any more.
  Object.assign(Deno[name], { writeSync, write, close: () => {} });
  const writable = () => new WritableStream<Uint8Array>({ write: (bytes) => void writeSync(bytes) });
  Object.defineProperty(Deno[name], "writable", { get: writable });
  process[name].write = ((chunk: string | Uint8Array, ...rest: unknown[]) => {
    print(typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true }));
    const done = rest.at(-1);
    if (typeof done === "function") queueMicrotask(() => done());
    return true;
  }) as typeof process.stdout.write;
  return (bytes) => {
    for (let at = 0; at < bytes.length;) at += own(bytes.subarray(at));
  };
}
