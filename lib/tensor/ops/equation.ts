/**
 * Einstein's summation convention in NumPy's letters: which letter stands for which axis, implicit results, and `...` for
 * any leading axes.
 *
 * @module
 */
import { type Shape, showShape } from "../shape.ts";

/** An equation with every axis of every operand named by one letter. */
export interface Equation {
  /** A letter an axis, for each operand. */
  terms: string[];
  /** The letters of the result. */
  result: string;
  /** Size of each letter. */
  sizes: Map<string, number>;
}

/** Letters that stand for the axes under `...`: none that a user can write. */
const HIDDEN = Array.from({ length: 26 }, (_, i) => String.fromCharCode(0x3b1 + i));

/** Reads an equation for operands of the given shapes. Throws a sentence where it does not fit them. */
export function readEquation(text: string, shapes: readonly Shape[]): Equation {
  const fail = (expected: string, found: string): never => {
    throw new RangeError(`einsum: expected ${expected} but found ${found} in "${text}"`);
  };
  const compact = text.replaceAll(" ", "");
  const [left, right, ...rest] = compact.split("->");
  if (rest.length > 0 || !/^([A-Za-z,]|\.\.\.)*$/.test(left) || !/^([A-Za-z]|\.\.\.)*$/.test(right ?? "")) {
    fail('letters, commas, "..." and one "->"', "something else");
  }
  const terms = left.split(",");
  if (terms.length !== shapes.length) fail(`${shapes.length} operands`, `${terms.length} terms`);
  let hidden = 0;
  const under = terms.map((term, i) => {
    const count = shapes[i].length - term.replace("...", "").length;
    if (term.split("...").length > 2 || count < 0 || (count > 0 && !term.includes("..."))) {
      fail(`a letter for each axis of ${showShape(shapes[i])}`, `"${term}"`);
    }
    hidden = Math.max(hidden, count);
    return count;
  });
  const full = terms.map((term, i) => term.replace("...", HIDDEN.slice(hidden - under[i], hidden).join("")));
  const sizes = new Map<string, number>();
  full.forEach((term, i) => {
    [...term].forEach((letter, axis) => {
      const size = shapes[i][axis];
      const known = sizes.get(letter);
      if (known === undefined || known === 1) sizes.set(letter, size);
      else if (size !== known && size !== 1) fail(`one size for "${letter}"`, `${known} and ${size}`);
    });
  });
  const all = HIDDEN.slice(0, hidden).join("");
  const result = right === undefined ? all + implicit(full, all) : right.replace("...", all);
  for (const letter of result) {
    if (!sizes.has(letter)) fail("letters of an operand in the result", `"${letter}"`);
    if (result.indexOf(letter) !== result.lastIndexOf(letter)) {
      fail("each letter once in the result", `"${letter}"`);
    }
  }
  return { terms: full, result, sizes };
}

/** The letters that stand in the terms once, in alphabetical order. */
function implicit(terms: readonly string[], hidden: string): string {
  const letters = [...terms.join("")].filter((letter) => !hidden.includes(letter));
  return [...new Set(letters)].filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter))
    .sort().join("");
}
