/**
 * What cells declare with `using`: it lives on for the cells after, until the name is declared anew.
 *
 * @module
 */

const held = new Map<string, Disposable | AsyncDisposable>();

/** Holds a value under its name, and frees what was held there. */
export async function hold<T extends Disposable | AsyncDisposable | null | undefined>(
  name: string,
  value: T,
): Promise<T> {
  if (value !== null && value !== undefined && !isDisposable(value)) {
    throw new TypeError(`using ${name}: expected a value that can be disposed of`);
  }
  const before = held.get(name);
  if (value === null || value === undefined) held.delete(name);
  else held.set(name, value);
  if (before !== undefined && before !== value) {
    if (Symbol.asyncDispose in before) await before[Symbol.asyncDispose]();
    else before[Symbol.dispose]();
  }
  return value;
}

function isDisposable(value: object): boolean {
  const object = Object(value);
  return Symbol.dispose in object || Symbol.asyncDispose in object;
}
