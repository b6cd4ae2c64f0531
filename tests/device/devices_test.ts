import { assert, assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../mod.ts";

Deno.test("devices() lists every kind, with a reason and a remedy where it cannot be used", () => {
  const list = ebb.devices();
  assertEquals(list.map(({ kind }) => kind), ["cpu", "webgpu", "cuda"]);
  for (const { kind, available, reason, remedy } of list) {
    assertEquals([reason === undefined, remedy === undefined], [available, available], kind);
  }
  const [cpu, , cuda] = list;
  assertEquals(cpu.available, true);
  assert(/^\d+ of \d+$/.test(cpu.details.threads) && /free of/.test(cpu.details.memory));
  assert(/^1\.\d+\.\d+, .*onnxruntime/.test(cpu.details["ONNX Runtime"]));
  if (!cuda.available) assert(/^found no /.test(cuda.reason!), cuda.reason);
});

Deno.test("devices() shows itself as a table", () => {
  const list = ebb.devices();
  const text = String(list);
  assertEquals(Deno.inspect(list), text);
  assert(/^cpu {5}available$/m.test(text) && /^cuda {4}(not )?available/m.test(text), text);
  const display: () => Record<string, string> = Reflect.get(list, Symbol.for("Jupyter.display"));
  const { "text/plain": plain, "text/html": html } = display.call(list);
  assertEquals(plain, text);
  assert(html.startsWith("<table><tr><th") && !/<(?!\/?(table|tr|th|td|br)\b)/.test(html), html);
  assertEquals(list.filter(({ available }) => available).constructor, Array);
});

Deno.test("webgpu() says what to do where there is no driver", async () => {
  // In a process of its own: this one may have found one already.
  const program = `
    import * as ebb from ${JSON.stringify(new URL("../../mod.ts", import.meta.url).href)};
    const { available, reason } = ebb.devices()[1];
    try { ebb.webgpu(); } catch (error) { console.log(available, reason, "|", error.message); }
  `;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-lock", program],
    env: { NO_COLOR: "1", VK_ICD_FILENAMES: "/nowhere/driver.json", XDG_DATA_DIRS: "/nowhere" },
  }).output();
  const said = new TextDecoder().decode(stdout).trim();
  if (said === "") return; // this machine has a driver anyway
  assert(
    /^false .+ \| webgpu: expected an adapter .* but found .*; install a graphics driver/.test(said),
    said,
  );
  assertEquals(new TextDecoder().decode(stderr).includes("vkCreateInstance"), false);
});

Deno.test("a device of no memory is refused", () => {
  assertThrows(() => ebb.cpu({ budget: "lots" }), RangeError, "cpu budget: expected an amount of memory");
  assertThrows(() => ebb.cpu({ hostBudget: 0 }), RangeError, "cpu hostBudget");
});
