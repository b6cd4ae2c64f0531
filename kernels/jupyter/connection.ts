/**
 * The connection file that Jupyter hands to a kernel.
 *
 * @module
 */

/** Where a kernel listens, and how messages are signed. */
export interface Connection {
  readonly transport: "tcp" | "ipc";
  readonly ip: string;
  readonly key: string;
  readonly signature_scheme: string;
  readonly shell_port: number;
  readonly iopub_port: number;
  readonly stdin_port: number;
  readonly control_port: number;
  readonly hb_port: number;
}

const PORTS = ["shell_port", "iopub_port", "stdin_port", "control_port", "hb_port"] as const;

/**
 * Reads a connection file.
 *
 * @throws {TypeError} where it is none, or would let other machines in: code that comes over a connection is run.
 */
export async function readConnection(path: string): Promise<Connection> {
  const found = JSON.parse(await Deno.readTextFile(path));
  const { transport = "tcp", ip = "127.0.0.1", key, signature_scheme = "hmac-sha256" } = found;
  for (const port of PORTS) {
    if (!Number.isInteger(found[port])) {
      throw new TypeError(`${path}: expected ${port} to be a whole number but found ${found[port]}`);
    }
  }
  if (typeof key !== "string") throw new TypeError(`${path}: expected key to be a text but found ${key}`);
  if (transport !== "tcp" && transport !== "ipc") {
    throw new TypeError(`${path}: expected transport to be "tcp" or "ipc" but found "${transport}"`);
  }
  if (transport === "tcp" && !/^(127(\.\d{1,3}){3}|::1|localhost)$/.test(ip)) {
    throw new TypeError(
      `${path}: expected ip to be a loopback address but found "${ip}": start Jupyter on this machine`,
    );
  }
  return { ...found, transport, ip: ip === "localhost" ? "127.0.0.1" : ip, key, signature_scheme };
}

/** Where a socket listens. */
export function addressOf(
  { transport, ip }: Connection,
  port: number,
): { hostname: string; port: number } | { path: string } {
  return transport === "ipc" ? { path: `${ip}-${port}` } : { hostname: ip, port };
}
