/**
 * The kernel's program; Jupyter starts it as the kernel's specification says, with the path of a connection file.
 *
 * @module
 */
import { Cells } from "./cells.ts";
import { readConnection } from "./jupyter/connection.ts";
import { Kernel } from "./kernel.ts";
import { Language } from "./code/language.ts";
import { Outputs } from "./jupyter/outputs.ts";
import { complain, Sockets } from "./jupyter/sockets.ts";

/** How often is looked whether Jupyter is still there, in milliseconds. */
const LOOK_MS = 2000;

const [path] = Deno.args;
if (path === undefined) {
  console.error(
    "usage: deno run -A kernels/main.ts <connection file>; Jupyter does so, after kernels/install.ts",
  );
  Deno.exit(2);
}
const session = crypto.randomUUID();
const cwd = Deno.cwd();
const connection = await readConnection(path);
// Nothing comes before this module has run to its end, and the kernel is there.
const sockets = new Sockets(connection, (channel, message) => kernel.receive(channel, message));
const outputs = new Outputs(session, (message) => sockets.publish(message), () => sockets.published());
outputs.publish({}, "status", { execution_state: "starting" });
const cells = new Cells(cwd, outputs);
const language = new Language(cwd);

async function exit(): Promise<void> {
  await Promise.all([cells.stop(), language.stop()]);
  outputs.flush();
  await sockets.close();
  Deno.exit();
}

const kernel = new Kernel({ sockets, outputs, session, cells, language, exit });

// A kernel that ends takes all that was made with it: what nobody foresaw is told, and it goes on.
addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  complain(String((event.reason as Error)?.stack ?? event.reason));
});
Deno.addSignalListener("SIGINT", () => void cells.interrupt());
if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", () => void exit());
const parent = Deno.ppid;
setInterval(() => {
  if (Deno.ppid !== parent) exit();
}, LOOK_MS);
