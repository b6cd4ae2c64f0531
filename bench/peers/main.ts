/**
 * Compares Ebb with PyTorch and jax-js on the cases of `../cases.ts`, each side in its own process, in alternating
 * blocks, and prints times, ratios and how far the results agree, as markdown.
 *
 *     deno run -A bench/peers/main.ts [--cases mlp,xf,cnn,resnet,add16] [--sides ebb,torch,torch-default,jax]
 *                                     [--rounds 6] [--block 300] [--threads 2] [--python python3] [--save]
 *
 * `EBB_TORCH_PYTHON` names a Python with PyTorch too. `--save` writes everything measured to `bench/results/`. Ends with
 * status 1 if results disagree.
 *
 * @module
 */
import { measureCase } from "./measure.ts";
import { disagreement, markdown, TOLERANCE } from "./report.ts";
import { SIDES } from "./sides.ts";
import { cases } from "../cases.ts";
import { parseOptions, pick } from "../options.ts";

const options = parseOptions({
  cases: "mlp,xf,cnn,resnet,add16",
  sides: "ebb,torch,torch-default,jax",
  rounds: 6,
  block: 300,
  threads: 2,
  python: Deno.env.get("EBB_TORCH_PYTHON") ?? "python3",
  save: false,
});
const sides = pick("sides", options.sides, Object.keys(SIDES));

const results: Record<string, Awaited<ReturnType<typeof measureCase>>> = {};
for (const name of pick("cases", options.cases, Object.keys(cases))) {
  const { rounds, block: blockMs, threads, python } = options;
  results[name] = await measureCase(
    name,
    sides,
    { rounds, blockMs, threads, python },
    (line) => console.error(line),
  );
}

const machine = `${options.threads} threads each on ${navigator.hardwareConcurrency} processors, ` +
  `${Deno.build.os} ${Deno.build.arch}, Deno ${Deno.version.deno}`;
console.log(`${options.rounds} rounds, ${machine}\n\n${markdown(results)}`);

if (options.save) {
  const folder = new URL("../results/", import.meta.url);
  await Deno.mkdir(folder, { recursive: true });
  const date = new Date().toISOString();
  const file = new URL(`peers-${date.slice(0, 19).replaceAll(":", "")}.json`, folder);
  const { python: _, ...settings } = options;
  await Deno.writeTextFile(file, JSON.stringify({ date, machine, settings, results }) + "\n");
  console.error(`written to bench/results/${file.pathname.split("/").pop()}`);
}
if (Object.values(results).some((result) => disagreement(result) > TOLERANCE)) Deno.exit(1);
