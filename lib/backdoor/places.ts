/**
 * Where pixels are, as `gridSample` with aligned corners counts it: from −1 at the first to 1 at the last.
 *
 * @module
 */

/** The place of each pixel of a side; of a single one −1. */
export function placesAlong(side: number): number[] {
  return Array.from({ length: side }, (_, at) => side === 1 ? -1 : at / (side - 1) * 2 - 1);
}
