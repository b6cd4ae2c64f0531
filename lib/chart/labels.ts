/**
 * Places for labels next to dots, so that no label lies over another one or over a dot. Greedy: each label takes the
 * best of a few dozen places around its dot, twice, the second time knowing where all others are.
 *
 * @module
 */
/** A dot that is labelled, in pixels. */
export interface LabelledDot {
  readonly x: number;
  readonly y: number;
  /** Size of its label. */
  readonly width: number;
  readonly height: number;
}

/** A rectangle, in pixels. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** The middle of a label. */
export interface LabelPlace {
  readonly x: number;
  readonly y: number;
  /** Whether it is so far from its dot that a line between them helps. */
  readonly far: boolean;
}

/** Gaps between a dot's middle and its label that are tried, in pixels; from the second on a label is far. */
const GAPS = [9, 20, 32, 46, 62, 80, 100];
/** Directions that are tried, of a full circle; the first is to the right. */
const DIRECTIONS = 16;
/** Half of the side of the square that a labelled dot takes. */
const DOT = 6;
/** What a square pixel over a label or a labelled dot costs, and one over what is `soft`; a pixel of gap costs 1. */
const [HARD, SOFT] = [50, 0.4];

/**
 * Places for the labels of dots, in their order.
 *
 * @param bounds no label is placed outside
 * @param soft what they had better not lie over
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { placeLabels } from "./labels.ts";
 *
 * const size = { width: 60, height: 14 };
 * const bounds = { left: 0, top: 0, right: 200, bottom: 100 };
 * const [a, b] = placeLabels([{ x: 50, y: 50, ...size }, { x: 52, y: 50, ...size }], bounds);
 * assert(Math.abs(a.y - b.y) >= 14 || Math.abs(a.x - b.x) >= 60);
 * ```
 */
export function placeLabels(
  dots: readonly LabelledDot[],
  bounds: Box,
  soft: readonly Box[] = [],
): LabelPlace[] {
  const obstacles = dots.map(({ x, y }) => boxOf(x, y, 2 * DOT, 2 * DOT));
  const places: (LabelPlace & { readonly box: Box })[] = [];
  for (let pass = 0; pass < 2; pass++) {
    dots.forEach((dot, i) => {
      const taken = [...obstacles, ...places.filter((_, j) => j !== i).map(({ box }) => box)];
      let least = Infinity;
      for (const gap of GAPS) {
        for (let direction = 0; direction < DIRECTIONS; direction++) {
          const angle = 2 * Math.PI * direction / DIRECTIONS;
          const x = dot.x + Math.cos(angle) * (gap + dot.width / 2);
          const y = dot.y + Math.sin(angle) * (gap + dot.height / 2);
          const box = boxOf(x, y, dot.width, dot.height);
          const cost = gap + HARD * overlap(box, taken) + SOFT * overlap(box, soft) +
            (isInside(box, bounds) ? 0 : 1e6);
          if (cost < least) {
            least = cost;
            places[i] = { x, y, far: gap > GAPS[0], box };
          }
        }
      }
    });
  }
  return places.map(({ x, y, far }) => ({ x, y, far }));
}

/** A box about its middle. */
export function boxOf(x: number, y: number, width: number, height: number): Box {
  return { left: x - width / 2, top: y - height / 2, right: x + width / 2, bottom: y + height / 2 };
}

function isInside(box: Box, { left, top, right, bottom }: Box): boolean {
  return box.left >= left && box.right <= right && box.top >= top && box.bottom <= bottom;
}

/** By how many square pixels a box lies over others. */
function overlap(box: Box, others: readonly Box[]): number {
  let sum = 0;
  for (const { left, top, right, bottom } of others) {
    const width = Math.min(box.right, right) - Math.max(box.left, left);
    const height = Math.min(box.bottom, bottom) - Math.max(box.top, top);
    if (width > 0 && height > 0) sum += width * height;
  }
  return sum;
}
