/**
 * The thread that copies: many copies, in order, and a process that ends by itself with it.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { hostAllocator, memoryAt, runtime } from "../../lib/ort/mod.ts";
import { RING } from "../../lib/device/copy_loop.ts";
import { copyThread } from "../../lib/device/copy_thread.ts";

const MOD = new URL("../../mod.ts", import.meta.url).href;

Deno.test("the copying thread serves more copies than its ring has slots, in order", () => {
  const host = hostAllocator(runtime().api);
  const length = 2 * RING.slots + 57;
  const memory = host.allocate(8 * length);
  const numbers = new Float64Array(memoryAt(memory, 8 * length));
  numbers.fill(0);
  numbers[0] = 42;
  const thread = copyThread();
  let last = 0;
  // Each copy reads what the one before it wrote.
  for (let i = 1; i < length; i++) last = thread.copy(memory + 8 * (i - 1), memory + 8 * i, 8);
  thread.wait(last);
  assertEquals(thread.isFinished(last), true);
  assertEquals(numbers.every((x) => x === 42), true);
  host.free(memory);
});

/** What a program prints, and how long it took from its last line to its end. */
async function run(
  program: string,
  flags: string[] = [],
): Promise<{ said: string; endMs: number; code: number }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-lock", ...flags, program],
    env: { NO_COLOR: "1" },
  }).output();
  const end = Date.now();
  const said = new TextDecoder().decode(stdout).trim();
  assert(code === 0, new TextDecoder().decode(stderr));
  const [text, at] = said.split("|");
  return { said: text, endMs: end - Number(at), code };
}

Deno.test("a program that has copied ends by itself", async () => {
  const { said, endMs } = await run(`
    import * as ebb from ${JSON.stringify(MOD)};
    const device = ebb.cpu();
    const x = ebb.keep(ebb.full([1000], 3, { device }));
    device.copies.wait(device.copies.copyOut(x.storage));
    const state = x.storage.state;
    device.copies.ensureResident(x.storage);
    console.log(state, x.storage.state, x.data()[999] + "|" + Date.now());
  `);
  assertEquals(said, "away resident 3");
  assert(endMs < 3000, `ended after ${endMs} ms`);
});

Deno.test("copies run in a program that has the library from a URL, while its main thread waits", async () => {
  const root = new URL("../../", import.meta.url);
  const types: Record<string, string> = { ts: "application/typescript", json: "application/json" };
  const server = Deno.serve({ port: 0, hostname: "localhost", onListen: () => {} }, async ({ url }) => {
    const path = new URL(url).pathname.slice(1);
    const type = types[path.split(".").at(-1)!] ?? "text/plain";
    try {
      return new Response(await Deno.readFile(new URL(path, root)), { headers: { "content-type": type } });
    } catch {
      return new Response("not found", { status: 404 });
    }
  });
  const origin = `http://localhost:${server.addr.port}`;
  try {
    const { said } = await run(
      `
      import * as ebb from "${origin}/lib/device/mod.ts";
      const storage = ebb.cpu().allocate(1 << 20);
      storage.device.write(storage, 5, Uint8Array.of(1, 2, 3));
      const { copies } = storage.device;
      copies.wait(copies.copyOut(storage)); // blocks: nothing can be loaded from here on
      const found = new Uint8Array(3);
      storage.device.read(storage, 5, found);
      console.log(storage.state, found.join() + "|" + Date.now());
    `,
      ["--no-config", `--reload=${origin}`],
    );
    assertEquals(said, "away 1,2,3");
  } finally {
    await server.shutdown();
  }
});
