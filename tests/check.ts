/**
 * `deno task check`: everything about the code but what it does. All parts run even if one fails; what a part prints is
 * shown only when it does. None needs JSR: types are checked against the `@std` that the tests would run on, and the
 * dry run of publishing reads nothing but the shipped files.
 *
 * @module
 */
import { chooseStd } from "./std.ts";

const folder = await Deno.makeTempDir({ prefix: "ebb-check-" });
const std = await chooseStd(folder);

const parts: [name: string, args: string[]][] = [
  ["format", ["fmt", "--check"]],
  ["lint", ["lint"]],
  ["types, examples included", ["check", "--quiet", "--doc", ...std.flags, "."]],
  ["documentation", ["doc", "--lint", "mod.ts", "frames.ts", "kernels/install.ts"]],
  ["publishing, dry run", ["publish", "--dry-run", "--allow-dirty"]],
];

const failed: string[] = [];
for (const [name, args] of parts) {
  const start = performance.now();
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: new URL("../", import.meta.url),
    stdin: "null",
  }).output();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  if (!success) {
    failed.push(name);
    await Deno.stdout.write(stdout);
    await Deno.stdout.write(stderr);
  }
  console.log(`${success ? "ok    " : "FAILED"}  ${name} (deno ${args[0]}, ${seconds} s)`);
}
await Deno.remove(folder, { recursive: true });

console.log(failed.length > 0 ? `check failed: ${failed.join("; ")}` : "all checks hold");
Deno.exit(failed.length > 0 ? 1 : 0);
