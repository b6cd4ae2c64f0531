/**
 * What was run in this session, for clients that let one go back in it.
 *
 * @module
 */

/** An entry as the protocol has it. */
export type Entry = readonly [
  session: number,
  line: number,
  input: string | readonly [string, string | null],
];

/** How many inputs are remembered. */
const LONGEST = 10_000;

/** The inputs of a session. */
export class History {
  readonly #inputs: { readonly line: number; readonly input: string }[] = [];

  /** Remembers an input. */
  add(line: number, input: string): void {
    this.#inputs.push({ line, input });
    if (this.#inputs.length > LONGEST) this.#inputs.shift();
  }

  /** What a `history_request` asks for; outputs are not remembered. */
  find(request: Readonly<Record<string, unknown>>): Entry[] {
    const { hist_access_type: access = "tail", n, start, stop, pattern, unique = false, output = false } =
      request;
    let found = [...this.#inputs];
    if (access === "range") {
      const [from, to] = [Number(start ?? 1), stop === null || stop === undefined ? Infinity : Number(stop)];
      found = found.filter(({ line }) => line >= from && line < to);
    } else if (access === "search") {
      const wanted = globOf(String(pattern ?? "*"));
      found = found.filter(({ input }) => wanted.test(input));
    }
    if (unique) {
      found = found.filter(({ input }, i) => found.findLastIndex((each) => each.input === input) === i);
    }
    if (access !== "range" && Number.isInteger(n)) found = Number(n) > 0 ? found.slice(-Number(n)) : [];
    return found.map(({ line, input }) => [0, line, output ? [input, null] : input]);
  }
}

/** A pattern with `*` and `?`. */
function globOf(pattern: string): RegExp {
  const text = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".");
  return new RegExp(`^${text}$`, "s");
}
