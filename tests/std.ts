/**
 * Which `@std` the tests run on: the real packages on JSR, or the stand-ins in `tests/offline` where JSR cannot be
 * reached. Tests import `@std/assert` and `@std/testing/bdd` by their bare names either way.
 *
 * What decides is whether Deno can load the real packages, from its cache or from the network, within a few seconds;
 * `EBB_OFFLINE=1` or `=0` decides instead.
 *
 * The lock file holds npm packages only, so that it is the same with and without JSR. On the stand-ins it is kept (and
 * with `CI` set, a lock file that would change is an error). On the real packages Deno would add them to it, so that
 * runs use a copy.
 *
 * @module
 */
import config from "../deno.json" with { type: "json" };

/** How long the real packages may take to load, in milliseconds. */
const PATIENCE_MS = 8_000;

/** The choice, and the flags that make `deno test`, `deno check` and the like keep to it. */
export interface Std {
  /** Flags for Deno's subcommands. */
  readonly flags: readonly string[];
  /** The choice and its reason, in words. */
  readonly note: string;
}

/** Chooses; `folder` is a temporary one that may be written to and outlives the use of the flags. */
export async function chooseStd(folder: string): Promise<Std> {
  const wish = Deno.env.get("EBB_OFFLINE") || undefined;
  if (wish !== undefined && wish !== "0" && wish !== "1") {
    throw new Error(`EBB_OFFLINE: expected 0 or 1 but found ${JSON.stringify(wish)}`);
  }
  if (wish === "0" || (wish === undefined && await jsrLoads())) {
    const lock = `${folder}/deno.lock`;
    await Deno.copyFile(new URL("../deno.lock", import.meta.url), lock);
    return { flags: [`--lock=${lock}`], note: "@std from JSR" };
  }
  const flags = [`--import-map=${new URL("offline.json", import.meta.url).href}`];
  if (Deno.env.get("CI")) flags.push("--frozen");
  const reason = wish ? "EBB_OFFLINE=1" : "JSR cannot be reached";
  return { flags, note: `@std from tests/offline (${reason})` };
}

async function jsrLoads(): Promise<boolean> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["cache", "--quiet", "--no-config", "--no-lock", ...Object.values(config.imports)],
    signal: AbortSignal.timeout(PATIENCE_MS),
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
  return success;
}
