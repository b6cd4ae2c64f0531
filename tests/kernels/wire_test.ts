/**
 * Messages, connection files and ZeroMQ's wire protocol, without a kernel.
 *
 * @module
 */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { readConnection } from "../../kernels/jupyter/connection.ts";
import { Codec, headerOf } from "../../kernels/jupyter/wire.ts";
import { Peer } from "../../kernels/jupyter/zmtp.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (text: string) => new TextEncoder().encode(text);

function message(content: Record<string, unknown> = {}) {
  const buffers = [Uint8Array.of(1, 2)];
  return {
    identities: [bytes("me")],
    header: headerOf("kind", "session"),
    parent: {},
    metadata: {},
    content,
    buffers,
  };
}

Deno.test("messages are signed as Jupyter signs them", async () => {
  const codec = new Codec("secret", "hmac-sha256");
  const frames = codec.encode(message({ a: 1 }));
  assertEquals([text(frames[0]), text(frames[1]), text(frames[6])], [
    "me",
    "<IDS|MSG>",
    '{"a":1}'.slice(0, 7),
  ]);
  const key = await crypto.subtle.importKey(
    "raw",
    bytes("secret"),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );
  const signed = await crypto.subtle.sign("HMAC", key, bytes(frames.slice(3, 7).map(text).join("")));
  assertEquals(text(frames[2]), new Uint8Array(signed).toHex());
  const { content, buffers, identities } = codec.decode(frames);
  assertEquals([content, [...buffers[0]], text(identities[0])], [{ a: 1 }, [1, 2], "me"]);
});

Deno.test("messages that are none are refused, and those that were sent before", () => {
  const codec = new Codec("secret", "hmac-sha256");
  const frames = codec.encode(message());
  const forged = frames.with(6, bytes('{"a":2}'));
  assertThrows(() => codec.decode(forged), TypeError, "message: its signature is wrong");
  codec.decode(frames);
  assertThrows(() => codec.decode(frames), TypeError, "message: it was sent before");
  assertThrows(() => codec.decode([bytes("x")]), TypeError, "expected the delimiter");
  assertThrows(() => codec.decode(frames.slice(0, 5)), TypeError, "expected 4 parts but found 2");
  const open = new Codec("", "hmac-sha256");
  const nameless = open.encode(message()).with(3, bytes("{}"));
  assertThrows(() => open.decode(nameless), TypeError, 'expected the header to have a text "msg_id"');
  assertThrows(() => new Codec("x", "none"), TypeError, 'but found "none"');
});

Deno.test("a connection file that would let other machines in is refused", async () => {
  const file = await Deno.makeTempFile();
  const good = {
    ip: "127.0.0.1",
    key: "k",
    shell_port: 1,
    iopub_port: 2,
    stdin_port: 3,
    control_port: 4,
    hb_port: 5,
  };
  const read = async (change: Record<string, unknown>) => {
    await Deno.writeTextFile(file, JSON.stringify({ ...good, ...change }));
    return await readConnection(file);
  };
  assertEquals((await read({ ip: "localhost" })).ip, "127.0.0.1");
  for (const ip of ["0.0.0.0", "192.168.1.2", "*"]) {
    await assertRejects(
      () => read({ ip }),
      TypeError,
      `expected ip to be a loopback address but found "${ip}"`,
    );
  }
  await assertRejects(
    () => read({ hb_port: "5" }),
    TypeError,
    "expected hb_port to be a whole number but found 5",
  );
  await assertRejects(() => read({ key: undefined }), TypeError, "expected key to be a text");
  await assertRejects(() => read({ transport: "udp" }), TypeError, 'but found "udp"');
  await Deno.remove(file);
});

/** Two ends of a connection. */
async function pair(): Promise<[Deno.Conn, Deno.Conn]> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  return await Promise.all([Deno.connect({ hostname: "127.0.0.1", port }), listener.accept()]);
}

Deno.test("frames of any length go over the wire, in order", async () => {
  const [here, there] = await pair();
  const [dealer, router] = await Promise.all([
    Peer.greet(here, "DEALER", bytes("who")),
    Peer.greet(there, "ROUTER"),
  ]);
  assertEquals(text(router.identity), "who");
  const lengths = [0, 1, 255, 256, 65_535, 65_536, 300_000, 3];
  const sent = lengths.map((length) => new Uint8Array(length).fill(length % 251));
  for (const frame of sent) dealer.send([frame, bytes("end")]);
  dealer.send(sent);
  for (const frame of sent) {
    assertEquals((await router.receive())!.map(({ length }) => length), [frame.length, 3]);
  }
  const all = (await router.receive())!;
  assertEquals(
    all.map((frame) => [frame.length, frame.at(-1)]),
    sent.map((frame) => [frame.length, frame.at(-1)]),
  );
  await dealer.close();
  assertEquals(await router.receive(), null);
  router.end();
});

Deno.test("who speaks something else is sent away", async () => {
  for (const greeting of [bytes("GET / HTTP/1.1\r\n".padEnd(64)), new Uint8Array(64)]) {
    const [here, there] = await pair();
    await here.write(greeting);
    await assertRejects(
      () => Peer.greet(there, "ROUTER"),
      TypeError,
      "zmtp: expected a greeting of version 3 or later",
    );
    here.close();
    there.close();
  }
});
