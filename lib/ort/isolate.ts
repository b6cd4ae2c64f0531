/**
 * ONNX Runtime has one environment a process, but a process may have several isolates (a Worker is one, and each file
 * of `deno test`). The allocator that counts temporaries calls back into JavaScript, so it must belong to one isolate:
 * the first that asks. Others compute as well; their temporaries are not counted.
 *
 * @module
 */

/** Environment variables are the one thing that all isolates of a process share; children inherit them, so it names one. */
const OWNER = "EBB_WORKSPACE_OWNER";

let over = false;

/** Whether this isolate has ended: finalizers may still run, when the environment and all its memory are gone. */
export function isOver(): boolean {
  return over;
}

/** Whether this isolate is the one whose allocator is registered; if so `release` is called when it ends. */
export function claimWorkspace(release: () => void): boolean {
  const process = String(Deno.pid);
  if (Deno.env.get(OWNER) === process) return false;
  Deno.env.set(OWNER, process);
  addEventListener("unload", () => {
    over = true;
    release();
    Deno.env.delete(OWNER);
  });
  return true;
}
