import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { leakFree } from "../../leak.ts";
import { checkOp } from "../check_op.ts";

checkOp("tanh", (x) => ebb.tanh(x));
checkOp("sigmoid", (x) => ebb.sigmoid(x));
checkOp("logSigmoid", (x) => ebb.logSigmoid(x));
checkOp("softplus", (x) => ebb.softplus(x));
checkOp("silu", (x) => ebb.silu(x));
checkOp("elu", (x) => ebb.elu(x));
checkOp("leakyRelu", (x, o) => ebb.leakyRelu(x, o.negativeSlope));
checkOp("gelu", (x, o) => ebb.gelu(x, o));

const ACTIVATIONS: Record<string, (x: ebb.Tensor) => ebb.Tensor> = {
  tanh: (x) => x.tanh(),
  sigmoid: (x) => x.sigmoid(),
  logSigmoid: (x) => x.logSigmoid(),
  softplus: (x) => x.softplus(),
  silu: (x) => x.silu(),
  elu: (x) => x.elu(0.5),
  leakyRelu: (x) => x.leakyRelu(0.1),
  "gelu tanh": (x) => x.gelu({ approximate: "tanh" }),
};

for (const [name, fn] of Object.entries(ACTIVATIONS)) {
  Deno.test(`${name} has second derivatives that agree with differences of the first`, () => {
    leakFree(() =>
      ebb.scope(() => {
        const values = [-2.5, -0.7, 0.3, 1.9];
        const first = (shift: number, createGraph: boolean) => {
          const x = ebb.tensor(values.map((v) => v + shift), { dtype: "float64", requiresGrad: true });
          return [x, ebb.grad([fn(x).sum()], [x], { createGraph })[0]!];
        };
        const [x, slope] = first(0, true);
        const second = slope.requiresGrad
          ? ebb.grad([slope.sum()], [x])[0]!.toArray() as number[]
          : [0, 0, 0, 0];
        const above = first(1e-4, false)[1].toArray() as number[];
        const below = first(-1e-4, false)[1].toArray() as number[];
        second.forEach((value, i) => assertAlmostEquals(value, (above[i] - below[i]) / 2e-4, 1e-6));
      })
    );
  });
}

Deno.test("gelu() refuses an approximation that it does not know", () => {
  leakFree(() =>
    ebb.scope(() =>
      assertThrows(
        () => ebb.ones([1]).gelu({ approximate: "erf" as "none" }),
        RangeError,
        'gelu: expected approximate "none" or "tanh" but found "erf"',
      )
    )
  );
});

Deno.test("gelu() agrees with itself in pieces: its gradient over 3 MB is that over a part of it", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.randn([1536, 512], { generator: new ebb.Generator(1) });
      x.requiresGrad = true;
      const [all] = ebb.grad([x.gelu().sum()], [x]);
      const part = x.detach().slice([700, 710]);
      part.requiresGrad = true;
      const [few] = ebb.grad([part.gelu().sum()], [part]);
      assertEquals(all!.slice([700, 710]).toArray(), few!.toArray());
    })
  );
});
