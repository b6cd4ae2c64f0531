/**
 * Command line options `--name value` of the programs of this folder.
 *
 * @module
 */

/** Options by name, with the values that hold unless they are given. */
type Defaults = Record<string, string | number | boolean>;

/** Types as wide as the defaults are, not as narrow. */
type Options<D extends Defaults> = {
  [K in keyof D]: D[K] extends string ? string : D[K] extends number ? number : boolean;
};

/** Reads the options of this program; switches stand alone. Ends it with a sentence where one is wrong. */
export function parseOptions<const D extends Defaults>(defaults: D, args: string[] = Deno.args): Options<D> {
  const options: Defaults = { ...defaults };
  for (let i = 0; i < args.length; i++) {
    const [name, given] = args[i].replace(/^--/, "").split(/=(.*)/s);
    const kind = typeof defaults[name];
    if (!args[i].startsWith("--") || !(name in defaults)) {
      fail(
        `expected one of ${Object.keys(defaults).map((key) => `--${key}`).join(", ")} but found ${args[i]}`,
      );
    }
    if (kind === "boolean") {
      options[name] = given !== "false";
      continue;
    }
    const text = given ?? args[++i];
    const value = kind === "number" ? Number(text) : text;
    if (value === undefined || (kind === "number" && !(value as number > 0))) {
      fail(`expected --${name} with a ${kind === "number" ? "number above 0" : "value"} but found ${text}`);
    }
    options[name] = value;
  }
  return options as Options<D>;
}

/** The comma-separated words of an option, each of which must be known. */
export function pick(option: string, words: string, known: readonly string[]): string[] {
  const chosen = words.split(",").filter((word) => word !== "");
  const unknown = chosen.find((word) => !known.includes(word));
  if (unknown !== undefined) fail(`expected --${option} out of ${known.join(", ")} but found ${unknown}`);
  return chosen;
}

/** The comma-separated numbers of an option, each of which must fit; `what` says in words which do. */
export function numbers(
  option: string,
  words: string,
  what: string,
  fits: (value: number) => boolean,
): number[] {
  const values = words.split(",").map((word) => word.trim() === "" ? NaN : Number(word));
  if (!values.every(fits)) fail(`expected --${option} with numbers ${what} but found ${words}`);
  return values;
}

function fail(sentence: string): never {
  console.error(sentence);
  Deno.exit(2);
}
