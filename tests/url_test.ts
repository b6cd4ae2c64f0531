/**
 * Ebb from a URL: what a notebook or a script does that has nothing but the address of `mod.ts`.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";

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

Deno.test("mod.ts is imported from a URL and trains a step", async () => {
  const asked = new Set<string>();
  const server = Deno.serve(
    { port: 0, hostname: "localhost", onListen: () => {} },
    (request) => answer(request, asked),
  );
  const origin = `http://localhost:${server.addr.port}`;
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
  // Neither the configuration nor the lock file of this repository, as elsewhere.
  const folder = await Deno.makeTempDir();
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-config", "--no-lock", `--reload=${origin}`, "-"],
    cwd: folder,
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  });
  try {
    const child = command.spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(program));
    await writer.close();
    const { code, stdout, stderr } = await child.output();
    const said = new TextDecoder().decode(stdout).trim();
    assertEquals([said, code], ["true", 0], new TextDecoder().decode(stderr));
    assert(asked.has("lib/ort/api.ts"), "the modules came from the server");
  } finally {
    await server.shutdown();
    await Deno.remove(folder, { recursive: true });
  }
});
