/**
 * Ebb from a URL: what a notebook or a script does that has nothing but the address of `mod.ts`.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { TestKernel } from "./kernels/client.ts";

const ROOT = new URL("../", import.meta.url);
const TYPES: Record<string, string> = { ts: "application/typescript", json: "application/json" };

/** Answers with the files of the repository, under the types that Deno asks for. */
async function answer(request: Request, asked: Set<string>): Promise<Response> {
  const path = new URL(request.url).pathname.slice(1);
  asked.add(path);
  try {
    const type = TYPES[path.split(".").at(-1)!] ?? "text/plain";
    return new Response(await Deno.readFile(new URL(path, ROOT)), { headers: { "content-type": type } });
  } catch {
    return new Response("not found", { status: 404 });
  }
}

/** Serves the repository while `fn` runs. */
async function served(fn: (origin: string, asked: Set<string>) => Promise<void>): Promise<void> {
  const asked = new Set<string>();
  const server = Deno.serve(
    { port: 0, hostname: "localhost", onListen: () => {} },
    (request) => answer(request, asked),
  );
  try {
    await fn(`http://localhost:${server.addr.port}`, asked);
  } finally {
    await server.shutdown();
  }
}

/** Runs a program in an empty folder: with neither the configuration nor the lock file of this repository. */
async function run(origin: string, args: string[], program = ""): Promise<string> {
  const folder = await Deno.makeTempDir();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-config", "--no-lock", `--reload=${origin}`, ...args],
    cwd: folder,
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(program));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  await Deno.remove(folder, { recursive: true });
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim();
}

Deno.test("mod.ts is imported from a URL and trains a step", () =>
  served(async (origin, asked) => {
    const program = `
      import * as ebb from "${origin}/mod.ts";
      ebb.seed(1);
      const x = ebb.randn([8, 4]);
      const w = ebb.randn([4, 2], { requiresGrad: true });
      const loss = () => ebb.scope(() => {
        const loss = x.matmul(w).relu().square().sum();
        loss.backward();
        ebb.noGrad(() => w.add_(w.grad.mul(-0.01)));
        w.grad.dispose();
        w.grad = null;
        return loss.item();
      });
      console.log(loss() > loss());
    `;
    assertEquals(await run(origin, ["-"], program), "true");
    assert(asked.has("lib/ort/api.ts"), "the modules came from the server");
    assert(!asked.has("lib/frames/frame.ts"), "danfo is not fetched by who does not ask for it");
  }));

Deno.test("frames.ts is imported from a URL", () =>
  served(async (origin) => {
    const program = `
      import { frame } from "${origin}/frames.ts";
      console.log(frame([{ a: 1 }, { a: 3 }])["a"].mean());
    `;
    assertEquals(await run(origin, ["-"], program), "2");
  }));

Deno.test({
  name: "the kernel is installed from a URL, and runs from there",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: () =>
    served(async (origin, asked) => {
      const prefix = await Deno.makeTempDir();
      const main = `${origin}/kernels/main.ts`;
      try {
        const installer = `${origin}/kernels/install.ts`;
        await run(origin, [
          installer,
          "--prefix",
          prefix,
          "--name",
          "from-url",
          "--display-name",
          "From a URL",
        ]);
        const file = `${prefix}/share/jupyter/kernels/from-url/kernel.json`;
        const spec = JSON.parse(await Deno.readTextFile(file));
        assertEquals([spec.display_name, spec.interrupt_mode], ["From a URL", "message"]);
        assertEquals(spec.argv.slice(-2), [main, "{connection_file}"]);
        await using kernel = await TestKernel.start(prefix, main);
        const client = await kernel.connect();
        const { text } = await client.run(
          `import * as ebb from "${origin}/mod.ts"; ebb.ones([2]).sum().item()`,
        );
        assertEquals(text, "2");
        assert(asked.has("kernels/guest/main.ts"), "the guest came from the server");
        await run(origin, [installer, "--prefix", prefix, "--name", "from-url", "--uninstall"]);
        assertEquals(await Deno.stat(file).catch(() => "gone"), "gone");
      } finally {
        await Deno.remove(prefix, { recursive: true });
      }
    }),
});
