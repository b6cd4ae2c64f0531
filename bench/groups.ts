/**
 * What the files for `deno bench` share: a group of a case and its floor.
 *
 * @module
 */
import "../tests/preload.ts"; // leaves ONNX Runtime as the next file must find it
import { cases } from "./cases.ts";
import { floorOf } from "./floor.ts";

/** Registers cases under their names as one group, after the bare floor of the first of them as the baseline. */
export async function group(name: string, ...names: string[]): Promise<void> {
  const floor = await floorOf(cases[names[0]]);
  Deno.bench({
    name: `ONNX Runtime alone, ${floor.calls} call${floor.calls > 1 ? "s" : ""}`,
    group: name,
    baseline: true,
    fn: () => floor.run(),
  });
  for (const each of names) {
    const made = cases[each]();
    Deno.bench({
      name: `Ebb, ${each}`,
      group: name,
      async fn() {
        await made.step();
      },
    });
  }
}
