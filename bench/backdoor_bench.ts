/**
 * What the backdoor laboratory spends its time on, a PreAct-ResNet18 of width 16 and 128 photographs: seven steps of
 * projected gradient ascent, and a step of training. Beside PyTorch where `EBB_TORCH_PYTHON` names a Python that has it.
 * Here each side is timed for itself; `bench/peers/main.ts --cases pgd,resnet` compares them in turns.
 *
 * @module
 */
import { group } from "./groups.ts";
import { SideProcess } from "./peers/sides.ts";

const python = Deno.env.get("EBB_TORCH_PYTHON");

for (const [name, title] of [["pgd", "PGD-7"], ["resnet", "training step"]]) {
  await group(title, name);
  if (python === undefined) continue;
  const side = new SideProcess("torch", { python, threads: navigator.hardwareConcurrency });
  await side.ask({ ask: "make", case: name });
  Deno.bench({
    name: side.title,
    group: title,
    async fn() {
      await side.ask({ ask: "run", steps: 1 });
    },
  });
}
