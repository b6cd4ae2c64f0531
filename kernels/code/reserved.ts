/**
 * Names that a cell must not declare. What a script declares hides the global name of the same spelling from all modules,
 * from the guest's own and from those that cells import: with `const URL = "https://…"` nobody could import any more.
 *
 * @module
 */

const RESERVED = new Set(
  `Array ArrayBuffer Atomics BigInt BigInt64Array BigUint64Array Boolean DataView Date Error AggregateError EvalError
  FinalizationRegistry Float16Array Float32Array Float64Array Function Infinity Int16Array Int32Array Int8Array Intl
  Iterator JSON Map Math NaN Number Object Promise Proxy RangeError ReferenceError Reflect RegExp Set SharedArrayBuffer
  String Symbol SyntaxError TypeError URIError Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakRef WeakSet
  decodeURIComponent encodeURIComponent globalThis isFinite isNaN parseFloat parseInt undefined
  AbortController AbortSignal Deno ReadableStream TextDecoder TextEncoder URL WritableStream atob btoa queueMicrotask
  setImmediate setInterval setTimeout structuredClone`.split(/\s+/),
);

/** Whether modules count on the global value of a name. */
export function isReserved(name: string): boolean {
  return RESERVED.has(name);
}
