/**
 * Deep equality for the offline `@std/assert`, with the choices of the real one where `node:assert` decides otherwise:
 * `0` equals `-0`, `NaN` equals `NaN`, a key that holds `undefined` is a key, classes must agree. Left out: keys of sets
 * and maps are compared by identity, and getters of a class are not read.
 *
 * @module
 */

/** Whether two values are equal in every part. */
export function equal(a: unknown, b: unknown): boolean {
  return compare(a, b, new Map());
}

function compare(a: unknown, b: unknown, seen: Map<object, object>): boolean {
  if (same(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (prototype(a) !== prototype(b)) return false;
  if (seen.get(a) === b) return true; // a cycle: equal as far as it was followed
  seen.set(a, b);

  if (a instanceof Date) return same(a.getTime(), (b as Date).getTime());
  if (a instanceof RegExp || a instanceof URL) return String(a) === String(b);
  if (a instanceof ArrayBuffer) return sameElements(new Uint8Array(a), new Uint8Array(b as ArrayBuffer));
  if (ArrayBuffer.isView(a) && !(a instanceof DataView)) {
    return sameElements(a as Uint8Array, b as Uint8Array);
  }
  if (a instanceof Set) return a.size === (b as Set<unknown>).size && a.isSubsetOf(b as Set<unknown>);
  if (a instanceof Map) {
    const other = b as Map<unknown, unknown>;
    return a.size === other.size &&
      [...a].every(([key, value]) => other.has(key) && compare(value, other.get(key), seen));
  }

  const keys = Reflect.ownKeys(a);
  return keys.length === Reflect.ownKeys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && compare(Reflect.get(a, key), Reflect.get(b, key), seen));
}

function same(a: unknown, b: unknown): boolean {
  return a === b || Object.is(a, b);
}

/** An object without a prototype counts as a plain one. */
function prototype(value: object): object {
  return Object.getPrototypeOf(value) ?? Object.prototype;
}

function sameElements(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((value, i) => same(value, b[i]));
}
