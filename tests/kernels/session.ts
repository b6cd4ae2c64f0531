/**
 * A kernel that the tests of a file share, with a client and a folder of its own.
 *
 * @module
 */
import { type Client, TestKernel } from "./client.ts";

/** The kernel and its clients outlive a test. */
export const LOOSE = { sanitizeOps: false, sanitizeResources: false };

/** What the tests of a file share. */
export interface Session {
  readonly kernel: TestKernel;
  readonly client: Client;
  /** Where the kernel was started. */
  readonly folder: string;
}

/** Starts a kernel before a file's tests, in a folder that `prepare` may fill, and ends it after them. */
export function shareKernel(
  begun: (session: Session) => void,
  prepare: (folder: string) => Promise<void> = () => Promise.resolve(),
): void {
  let session: Session;
  Deno.test.beforeAll(async () => {
    const folder = await Deno.makeTempDir();
    await prepare(folder);
    const kernel = await TestKernel.start(folder);
    begun(session = { kernel, client: await kernel.connect(), folder });
  });
  Deno.test.afterAll(async () => {
    await session.kernel[Symbol.asyncDispose]();
    await Deno.remove(session.folder, { recursive: true });
  });
}

/** A text without colours. */
export function plain(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/\x1b\[\d*m/g, "");
}
