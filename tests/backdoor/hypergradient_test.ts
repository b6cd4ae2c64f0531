import { assert, assertEquals } from "@std/assert";
import { addHypergradient, slopeAt } from "../../lib/backdoor/hypergradient.ts";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";

/** A smooth model of a matrix, a perturbation of its inputs, and the losses inside and outside. */
function problem() {
  const generator = new ebb.Generator(4);
  const [x, w, d] = [[6, 4], [4, 3], [1, 4]].map((shape) => ebb.randn(shape, { generator }));
  const y = ebb.tensor([0, 1, 2, 0, 1, 2], { dtype: "int64" });
  w.requiresGrad = d.requiresGrad = true;
  const loss = (at: ebb.Tensor) => ebb.crossEntropy(x.add(at).matmul(w).tanh(), y);
  const inner = (at: ebb.Tensor) => at.square().sum().mul(0.3).sub(loss(at));
  return { w, d, inner, outer: () => loss(d).square() };
}

/** The same by second derivatives of the tape. */
function exact(iterations: number, mapLr: number): number[] {
  return ebb.scope(() => {
    const { w, d, inner, outer } = problem();
    const [direct, first] = ebb.grad([outer()], [w, d]) as ebb.Tensor[];
    const [slope] = ebb.grad([inner(d)], [d], { createGraph: true }) as ebb.Tensor[];
    const mapped = d.sub(slope.mul(mapLr));
    let v = first;
    for (let k = 1; k < iterations; k++) {
      const [carried] = ebb.grad([mapped], [d], { gradOutputs: [v], retainGraph: true });
      v = carried!.add(first);
    }
    const [through] = ebb.grad([mapped], [w], { gradOutputs: [v] });
    return [...direct.add(through!).data()].map(Number);
  });
}

Deno.test("the hypergradient is what second derivatives of the tape say", () => {
  for (const [iterations, mapLr] of [[1, 0.1], [5, 0.1], [20, 0.5]]) {
    const expected = exact(iterations, mapLr);
    leakFree(() =>
      ebb.scope(() => {
        const { w, d, inner, outer } = problem();
        outer().backward();
        const direct = [...w.grad!.data()].map(Number);
        addHypergradient([w], d, inner, { iterations, mapLr });
        const found = [...w.grad!.data()].map(Number);
        w.grad!.dispose();
        const apart = (a: number[], b: number[]) => Math.max(...a.map((value, i) => Math.abs(value - b[i])));
        assert(apart(found, expected) < 2e-3, `${found} and ${expected}`);
        assert(apart(direct, expected) > 1e-2, "the part through the perturbation is felt");
        assertEquals(d.grad, null);
      })
    );
  }
});

Deno.test("nothing is carried where the loss does not depend on the perturbation", () =>
  leakFree(() =>
    ebb.scope(() => {
      const { w, d, inner } = problem();
      d.grad = ebb.keep(ebb.zeros(d.shape));
      w.grad = ebb.keep(ebb.ones(w.shape));
      addHypergradient([w], d, inner, { iterations: 3, mapLr: 0.1 });
      assertEquals(w.grad.toArray(), ebb.ones(w.shape).toArray());
      w.grad.dispose();
    })
  ));

Deno.test("a slope is the gradient at a place that keeps none", () =>
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.tensor([1, 2]);
      assertEquals(slopeAt(x, (at) => at.square().sum()).toArray(), [2, 4]);
      assertEquals([x.grad, x.requiresGrad], [null, false]);
    })
  ));
