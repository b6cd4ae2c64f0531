/**
 * ONNX Runtime's C API (`OrtApi`, a table of function pointers) as functions. Addresses are plain numbers, as every
 * address of today's processors fits one; a status that is not null becomes an {@link OrtError} with ONNX Runtime's own
 * message. A call through the table costs about a microsecond, so nothing here is called per op but `run`.
 *
 * @module
 */
import { type Library, openLibrary } from "./library.ts";

/** An address in this process. */
export type Address = number;

/** What ONNX Runtime itself said when a call failed. */
export class OrtError extends Error {
  override name = "OrtError";
}

/** Kinds of parameters of the C API: an address or a size is a plain number, a buffer a typed array. */
export type Parameter = "address" | "size" | "i32" | "buffer";
type Arguments<P extends readonly Parameter[]> = {
  [I in keyof P]: P[I] extends "buffer" ? Uint8Array | BigUint64Array | BigInt64Array : number;
};
const NATIVE: Record<Parameter, Deno.NativeType> = {
  address: "usize",
  size: "usize",
  i32: "i32",
  buffer: "buffer",
};

/** The table of functions. */
export class Api {
  /** Where the table comes from. */
  readonly library: Library;
  readonly #message: (status: Deno.PointerValue) => Deno.PointerValue;
  readonly #releaseStatus: (status: Deno.PointerValue) => void;

  constructor(library: Library) {
    this.library = library;
    this.#message = this.#entry(2, ["pointer"], "pointer") as (
      status: Deno.PointerValue,
    ) => Deno.PointerValue;
    this.#releaseStatus = this.#entry(93, ["pointer"], "void") as (status: Deno.PointerValue) => void;
  }

  #entry(slot: number, parameters: Deno.NativeType[], result: Deno.NativeResultType): unknown {
    const pointer = this.library.table.getPointer(slot * 8) as Deno.PointerObject<never>;
    const fn = new Deno.UnsafeFnPointer(pointer, { parameters, result });
    return fn.call.bind(fn);
  }

  /** The function in slot `slot` that returns a status; the caller looks at it ({@link check}). */
  unchecked<const P extends readonly Parameter[]>(
    slot: number,
    parameters: P,
  ): (...values: Arguments<P>) => Deno.PointerValue {
    return this.#entry(slot, parameters.map((p) => NATIVE[p]), "pointer") as (
      ...v: Arguments<P>
    ) => Deno.PointerValue;
  }

  /** The function in slot `slot` that returns nothing, as releases do. */
  release(slot: number): (address: Address) => void {
    return this.#entry(slot, ["usize"], "void") as (address: Address) => void;
  }

  /** The function in slot `slot` that returns a status: throws what it says. */
  method<const P extends readonly Parameter[]>(
    slot: number,
    parameters: P,
  ): (...values: Arguments<P>) => void {
    const fn = this.unchecked(slot, parameters) as (...values: unknown[]) => Deno.PointerValue;
    return (...values) => this.check(fn(...values));
  }

  /** Like {@link method} for functions whose last parameter is where an address goes; returns that address. */
  maker<const P extends readonly Parameter[]>(
    slot: number,
    parameters: P,
  ): (...values: Arguments<P>) => Address {
    const fn = this.method(slot, [...parameters, "buffer"]) as (...values: unknown[]) => void;
    const out = new BigUint64Array(1);
    return (...values) => {
      fn(...values, out);
      return Number(out[0]);
    };
  }

  /** Throws the message of a status and releases it; null is success. */
  check(status: Deno.PointerValue): void {
    if (status === null) return;
    const message = new Deno.UnsafePointerView(this.#message(status) as Deno.PointerObject).getCString();
    this.#releaseStatus(status);
    throw new OrtError(message);
  }
}

let opened: Api | undefined;

/** The table of the one library that this process uses, opened at the first call. */
export function api(): Api {
  return opened ??= new Api(openLibrary());
}

const encoder = new TextEncoder();

/** `text` as a C string. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text + "\0");
}

/** Address of a typed array's first byte; the caller keeps the array alive. */
export function addressOf(array: Uint8Array<ArrayBuffer> | BigUint64Array<ArrayBuffer>): Address {
  // Up to 64 bytes lie in the array itself, which the garbage collector moves; to ask for the buffer gives them a place.
  void array.buffer;
  return Number(Deno.UnsafePointer.value(Deno.UnsafePointer.of(array)));
}

/** The `bytes` bytes at `address` as a buffer over that very memory: valid only as long as the memory is. */
export function memoryAt(address: Address, bytes: number): ArrayBuffer {
  if (bytes === 0) return new ArrayBuffer(0);
  return Deno.UnsafePointerView.getArrayBuffer(
    Deno.UnsafePointer.create(BigInt(address)) as Deno.PointerObject,
    bytes,
  );
}
