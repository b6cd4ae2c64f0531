/**
 * Networks that PyTorch trained, benign and infected: loaded here they give PyTorch's figures. The networks are not part
 * of the project; they lie beside it where somebody put them (`shared/models`).
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";

const FOLDER = new URL("../../../shared/", import.meta.url);
/** Points by which shares may differ, and values by which scores may. */
const [POINTS, SCORES] = [0.1, 1e-4];

/** What PyTorch measured of a network: points, and the scores of the first four images. */
interface Measured {
  readonly acc: number;
  readonly asr?: number;
  readonly ra?: number;
  readonly firstFour: number[][];
}

const file = await Deno.readTextFile(new URL("models/measured.json", FOLDER)).catch(() => undefined);
const measured: Record<string, Measured> = file === undefined ? {} : JSON.parse(file);

if (file === undefined) {
  Deno.test.ignore("PyTorch's networks: shared/models is not beside the project", () => {});
}

type Images = Awaited<ReturnType<typeof ebb.data.mnist>>["all"];

/** The first hundred of each digit. */
async function digits(): Promise<Images> {
  const { all } = await ebb.data.mnist();
  const labels = all.labels();
  const rows = Array.from(
    { length: 10 },
    (_, digit) => [...labels.keys()].filter((row) => labels[row] === digit).slice(0, 100),
  );
  return all.subset({ indices: rows.flat() });
}

for (const [name, expected] of Object.entries(measured)) {
  Deno.test(`${name} gives PyTorch's accuracy, attack success and scores`, async () => {
    const photographs = name.startsWith("cifar");
    const test = photographs
      ? (await ebb.data.cifar10(new URL("data/cifar10", FOLDER))).test
      : await digits();
    await leakFree(async () => {
      using model = photographs
        ? ebb.models.preactResnet18({ width: 16 })
        : ebb.models.smallCnn({ classes: 10 });
      const read = async (what: string) => await ebb.load(new URL(`models/${what}.safetensors`, FOLDER));
      const state = await read(name);
      model.loadStateDict(state);
      const { pattern } = await read("blend-noise-pattern");
      const attack = name.endsWith("blend") ? ebb.backdoor.blend({ pattern }) : ebb.backdoor.badnets();
      for (const tensor of [pattern, ...Object.values(state)]) tensor.dispose();

      const [row] = await ebb.backdoor.evaluate({ model }, test, attack);
      for (const key of ["acc", "asr", "ra"] as const) {
        const points = expected[key];
        if (points === undefined) continue;
        const off = Math.abs(100 * row[key] - points);
        assert(off <= POINTS, `${key}: ${100 * row[key]} instead of ${points}`);
      }
      model.eval();
      const [{ data, shape }] = test.gather([0, 1, 2, 3]);
      using images = ebb.tensor(data as Float32Array<ArrayBuffer>, { shape: [...shape] });
      const scores = ebb.scope(() => ebb.noGrad(() => model.forward(images)).toArray()) as number[][];
      const far = scores.flat().filter((score, i) => Math.abs(score - expected.firstFour.flat()[i]) > SCORES);
      assertEquals(far, []);
    });
  });
}
