/**
 * A text as a data set for language models: every character a token, every window of the text a row, the same window
 * one character on what is to be predicted.
 *
 * @module
 */
import { sharedBytes, type WindowsColumn } from "./column.ts";
import { ColumnDataset } from "./dataset.ts";

/** How a text becomes rows. */
export interface CharactersOptions {
  /** Characters in a window: the length T of x and y. */
  readonly context: number;
  /** Characters from the beginning of a window to that of the next; default 1. */
  readonly stride?: number;
  /** The characters in the order of their numbers, such as another text's; default: those of the text, sorted. */
  readonly alphabet?: readonly string[];
}

/**
 * A text as windows: x int64 `[T]` and y int64 `[T]`, which is x one character on.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const train = ebb.data.characters("to be or not to be", { context: 8 });
 * assertEquals(train.alphabet, [" ", "b", "e", "n", "o", "r", "t"]);
 * assertEquals(train.decode(train.encode("tenor")), "tenor");
 *
 * // A text to be tested on takes the numbers that the model has learnt.
 * const test = ebb.data.characters("bee or no bee", { context: 8, alphabet: train.alphabet });
 * assertEquals(test.encode("bee"), [1, 2, 2]);
 * ```
 */
export class Characters extends ColumnDataset {
  /** The characters, in the order of their numbers. */
  readonly alphabet: readonly string[];
  readonly #numbers: ReadonlyMap<string, number>;

  /** Use {@linkcode characters}. */
  constructor(text: string, options: CharactersOptions) {
    const { context, stride = 1 } = options;
    for (const [name, value] of Object.entries({ context, stride })) {
      if (!Number.isInteger(value) || value < 1) {
        throw new RangeError(`characters: expected ${name} to be a whole number above 0 but found ${value}`);
      }
    }
    const alphabet = options.alphabet ?? [...new Set(text)].sort();
    const numbers = new Map(alphabet.map((character, number) => [character, number]));
    const tokens = tokensOf(text, numbers);
    if (tokens.length <= context) {
      throw new RangeError(
        `characters: expected a text of at least ${context + 1} characters for a context of ${context} ` +
          `but found ${tokens.length}`,
      );
    }
    const length = Math.floor((tokens.length - context - 1) / stride) + 1;
    const column = (name: string, shift: number): WindowsColumn => (
      { kind: "windows", name, shape: [context], length, tokens, stride, shift }
    );
    super([column("x", 0), column("y", 1)]);
    this.alphabet = alphabet;
    this.#numbers = numbers;
  }

  /** The number of distinct characters. */
  get vocab(): number {
    return this.alphabet.length;
  }

  /**
   * The numbers of a text's characters.
   *
   * @throws {RangeError} when a character is not in the alphabet.
   */
  encode(text: string): number[] {
    return [...tokensOf(text, this.#numbers)];
  }

  /**
   * The text of some numbers.
   *
   * @throws {RangeError} when a number stands for no character.
   */
  decode(numbers: Iterable<number | bigint>): string {
    return Array.from(numbers, (number) => {
      const character = this.alphabet[Number(number)];
      if (character === undefined) {
        throw new RangeError(`decode: expected numbers of 0 to ${this.vocab - 1} but found ${number}`);
      }
      return character;
    }).join("");
  }
}

/**
 * A text as rows of `context` characters and the same one character on. A pair of surrogates is one character.
 *
 * @throws {RangeError} when the text is no longer than `context`, or has a character that is not in `alphabet`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const data = ebb.data.characters("hello", { context: 3 });
 * assertEquals([data.vocab, data.length], [4, 2]);
 * assertEquals(data.at(1).map(({ data: numbers }) => data.decode(numbers)), ["ell", "llo"]);
 * ```
 */
export function characters(text: string, options: CharactersOptions): Characters {
  return new Characters(text, options);
}

function tokensOf(text: string, numbers: ReadonlyMap<string, number>): Int32Array {
  const tokens = new Int32Array(sharedBytes(text.length * 4).buffer);
  let count = 0;
  for (const character of text) {
    const number = numbers.get(character);
    if (number === undefined) {
      throw new RangeError(
        `characters: expected characters of the alphabet (${numbers.size}) but found ` +
          `${JSON.stringify(character)} at ${count}`,
      );
    }
    tokens[count++] = number;
  }
  return tokens.subarray(0, count);
}
