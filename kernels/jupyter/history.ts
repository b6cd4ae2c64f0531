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
      found = found.filter(({ input }) => matches(input, String(pattern ?? "*")));
    }
    if (unique) {
      found = found.filter(({ input }, i) => found.findLastIndex((each) => each.input === input) === i);
    }
    if (access !== "range" && Number.isInteger(n)) found = Number(n) > 0 ? found.slice(-Number(n)) : [];
    return found.map(({ line, input }) => [0, line, output ? [input, null] : input]);
  }
}

/** Whether a text is what a pattern with `*` and `?` says, in time of at most their product. */
function matches(text: string, pattern: string): boolean {
  let [at, place, star, back] = [0, 0, -1, 0];
  while (at < text.length) {
    if (pattern[place] === "*") [star, back, place] = [place, at, place + 1];
    else if (pattern[place] === "?" || pattern[place] === text[at]) [at, place] = [at + 1, place + 1];
    else if (star >= 0) [place, back, at] = [star + 1, back + 1, back + 1];
    else return false;
  }
  return [...pattern.slice(place)].every((rest) => rest === "*");
}
