/**
 * Lists by number.
 *
 * @module
 */

/** Puts an item at the end of a number's list, which is made where there is none. */
export function append<T>(lists: Map<number, T[]>, key: number, item: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}
