/**
 * Storages in a file: what they hold, how long the file gets, what happens when the disk refuses, and that nothing is
 * left of it, however a program ends.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../mod.ts";
import type { Device, Storage } from "../../lib/device/mod.ts";
import { leakFree } from "../leak.ts";
import { inDirectory, namelessFiles, program, SEEN } from "./disk_files.ts";
import { BYTES, contents, late, moveAtRandom, store } from "./random_moves.ts";

const KIB = 1024;
/** A host that has no room. */
const NO_HOST = { hostBudget: 1 };

/** A CPU device whose storages leave for a file, on the real thread. */
function open(disk: string | ebb.DiskOptions, options: ebb.CpuOptions = NO_HOST): Device {
  const device = ebb.cpu(options);
  device.copies.useDisk(disk);
  return device;
}

function sendAway(...storages: Storage[]): void {
  for (const storage of storages) storage.device.copies.wait(storage.device.copies.copyOut(storage)!);
}

/** Bytes in use in host memory and in the file. */
function farBytes({ copies }: Device): number[] {
  const { liveBytes, disk } = copies.memory();
  return [liveBytes, disk!.liveBytes];
}

Deno.test("a storage is readable in every state on its way to a file and back, and the file has no name", async () => {
  await inDirectory((directory) => {
    const { device, copies, transport } = late({ ...NO_HOST, disk: { directory } });
    const seen: unknown[] = [];
    leakFree(() => {
      const storage = store(device, 7);
      const look = () => {
        const names = [...Deno.readDirSync(directory)].length;
        seen.push([storage.state, contents(storage), device.memory().liveBytes, ...farBytes(device), names]);
      };
      look();
      const out = copies.copyOut(storage)!;
      look();
      copies.wait(out);
      look();
      const back = copies.copyIn(storage);
      look();
      copies.wait(back);
      look();
      storage.release();
      assertEquals(transport.pending, []);
    }, device);
    assertEquals(seen, [
      ["resident", 7, BYTES, 0, 0, 0],
      ["leaving", 7, BYTES, 0, 4096, 0],
      ["away", 7, 0, 0, 4096, 0],
      ["returning", 7, BYTES, 0, 4096, 0],
      ["resident", 7, BYTES, 0, 0, 0],
    ]);
  });
});

Deno.test("host memory is filled first, and again as it gets free", async () => {
  await inDirectory((directory) => {
    const device = open(directory, { hostBudget: 64 * KIB });
    const [a, b, c] = [1, 2, 3].map(() => device.allocate(40 * KIB));
    sendAway(a, b);
    assertEquals(farBytes(device), [40 * KIB, 40 * KIB]);
    a.release();
    sendAway(c);
    assertEquals(farBytes(device), [40 * KIB, 40 * KIB]);
    b.release();
    assertEquals(farBytes(device), [40 * KIB, 0]);
    c.release();
  });
});

Deno.test("blocks are used again: the file is as long as what lay in it at once, and empties with the cache", async () => {
  await inDirectory((directory) => {
    const device = open(directory);
    const sizes = [3, 1, 100, 64, 28].map((pages) => pages * 4096);
    const length = () =>
      SEEN ? Deno.statSync(namelessFiles(directory)[0]).size : device.copies.memory().disk!.reservedBytes;
    for (let round = 0; round < 20; round++) {
      const order = [...sizes.slice(round % 5), ...sizes.slice(0, round % 5)];
      const storages = order.map((bytes) => device.allocate(bytes));
      sendAway(...storages);
      for (const storage of storages) storage.release();
      assertEquals([device.copies.memory().disk!.reservedBytes, length()], [196 * 4096, 196 * 4096]);
    }
    device.emptyCache();
    const storage = store(device, 6);
    sendAway(storage);
    assertEquals([contents(storage), length()], [6, SEEN ? BYTES : 4096]);
    storage.release();
  });
});

Deno.test("a write in place while leaving keeps a storage, and its block of the file is free again", async () => {
  await inDirectory((directory) => {
    const { device, copies } = late({ ...NO_HOST, disk: { directory } });
    const storage = store(device, 1);
    const out = copies.copyOut(storage)!;
    device.write(storage, 0, new Uint8Array(BYTES).fill(2));
    copies.wait(out);
    assertEquals([storage.state, contents(storage), ...farBytes(device)], ["resident", 2, 0, 0]);
    storage.release();
  });
});

Deno.test("contents are those of a model when copies to a file and from it end at random, or fail", async () => {
  await inDirectory((directory) => {
    for (let seed = 0; seed < 60; seed++) moveAtRandom(seed, { ...NO_HOST, disk: { directory } });
  });
});

Deno.test("many copies between a device and a file run in order beside the program", async () => {
  await inDirectory((directory) => {
    const device = open(directory);
    const storages = Array.from({ length: 700 }, (_, i) => store(device, i % 251)); // more than the ring has slots
    for (let round = 0; round < 3; round++) {
      for (const storage of storages) device.copies.copyOut(storage);
      device.copies.drain();
      assertEquals(device.memory().liveBytes, 0);
      for (const storage of storages) device.copies.copyIn(storage);
      device.copies.drain();
    }
    storages.forEach((storage, i) => assertEquals([storage.state, contents(storage)], ["resident", i % 251]));
    for (const storage of storages) storage.release();
  });
});

Deno.test("past the disk's budget a storage stays; where the device has no room either, the error says of both", async () => {
  await inDirectory((directory) => {
    const device = open({ directory, budget: "64 KiB" }, { ...NO_HOST, budget: 256 * KIB });
    const [small, large] = [16, 100].map((size) => device.allocate(size * KIB));
    sendAway(small);
    assertEquals([device.copies.copyOut(large), large.state], [null, "resident"]);
    const error = assertThrows(() => device.allocate(200 * KIB), ebb.OutOfMemoryError);
    assert(
      /expected room for 200 KiB within a budget of 256 KiB .*; disk: expected room for 100 KiB in .*\.swap within a budget of 64 KiB but found 16 KiB in use$/
        .test(error.message),
      error.message,
    );
    assertEquals(device.copies.memory().disk, {
      liveBytes: 16 * KIB,
      reservedBytes: 16 * KIB,
      peakBytes: 16 * KIB,
      budgetBytes: 64 * KIB,
    });
    for (const storage of [small, large]) storage.release();
  });
});

Deno.test("a failed write leaves a storage where it is, and what is written already goes on to be used", async () => {
  await inDirectory((directory) => {
    const { device, copies, transport } = late({ ...NO_HOST, budget: 1 << 20, disk: { directory } });
    const [first, second, third] = [1, 2, 3].map((value) => store(device, value));
    copies.wait(copies.copyOut(first)!);
    const out = copies.copyOut(second)!;
    transport.fail(transport.pending[0], "No space left on device");
    copies.wait(out);
    assertEquals([second.state, contents(second), farBytes(device)[1]], ["resident", 2, 4096]);
    const { message } = out.failure!;
    assert(
      /^disk: expected to write 256 B in .*\.swap but found: No space left on device$/.test(message),
      message,
    );
    // For a moment nothing more is tried behind what was written …
    assertEquals(copies.copyOut(third), null);
    assertThrows(() => device.allocate(1 << 21), ebb.OutOfMemoryError, message);
    // … but the first one's block, once it is free, is good.
    copies.ensureResident(first);
    copies.wait(copies.copyOut(third)!);
    assertEquals([third.state, contents(third)], ["away", 3]);
    // A disk that refuses even that is left in peace.
    copies.ensureResident(third);
    const again = copies.copyOut(third)!;
    transport.fail(transport.pending[0], "Input/output error");
    copies.wait(again);
    assertEquals([copies.copyOut(first), third.state], [null, "resident"]);
    for (const storage of [first, second, third]) storage.release();
  });
});

Deno.test("host memory goes on to be used when the disk is full", async () => {
  await inDirectory((directory) => {
    const { device, copies, transport } = late({ hostBudget: 64 * KIB, disk: { directory } });
    const [a, b, c] = [1, 2, 3].map(() => device.allocate(40 * KIB));
    sendAway(a);
    const out = copies.copyOut(b)!;
    transport.fail(transport.pending[0], "No space left on device");
    copies.wait(out);
    assertEquals([copies.copyOut(c), b.state, c.state], [null, "resident", "resident"]);
    copies.ensureResident(a);
    sendAway(c);
    assertEquals([c.state, ...farBytes(device)], ["away", 40 * KIB, 0]);
    for (const storage of [a, b, c]) storage.release();
  });
});

Deno.test({
  name: "a file that cannot be read is an error that says where, and everything else goes on",
  ignore: !SEEN,
  fn: () =>
    inDirectory((directory) => {
      const device = open(directory);
      const { copies } = device;
      const [lost, kept] = [ebb.ones([2048], { device }), ebb.full([2048], 2, { device })];
      sendAway(kept.storage, lost.storage);
      // As a broken disk would. Deno follows no link to a handle for that.
      const [file] = namelessFiles(directory, Deno.pid);
      assert(new Deno.Command("truncate", { args: ["-s", `${8192 + 100}`, file] }).outputSync().success);
      const says =
        /^disk: expected to read 8192 bytes from byte 8192 on of .*\.swap but found: only 100 bytes$/;
      for (
        const use of [() => lost.data(), () => lost.add(1), () => copies.wait(copies.copyIn(lost.storage))]
      ) {
        const { message } = assertThrows(use, Error);
        assert(says.test(message), message);
        assertEquals([lost.storage.state, lost.storage.pins, device.memory().liveBytes], ["away", 0, 0]);
      }
      assertEquals(copies.copyOut(lost.storage)!.settled, true);
      assertEquals([kept.sum().item(), kept.data()[2047]], [4096, 2]);
      kept.dispose();
      lost.dispose();
      assertEquals(farBytes(device), [0, 0]);
    }),
});

Deno.test("a file lives until the last storage in it is gone", async () => {
  await inDirectory((directory) => {
    const device = open(directory);
    const files = () => SEEN ? namelessFiles(directory).length : device.copies.memory().disk === null ? 0 : 1;
    const [a, b] = [store(device, 1), store(device, 2)];
    sendAway(a, b);
    device.copies.useDisk(null);
    assertEquals([contents(a), contents(b), files()], [1, 2, 1]);
    device.copies.ensureResident(a);
    device.copies.drain();
    assertEquals([a.state, device.copies.copyOut(a), contents(a)], ["resident", null, 1]);
    assertEquals([farBytes(device)[1], files()], [4096, 1]);
    b.release();
    device.copies.useDisk(directory); // is opened after the other is closed, on the same thread
    assertEquals([contents(a), files()], [1, 1]);
    sendAway(a);
    a.release();
    device.copies.useDisk(null);
    assertEquals(device.copies.memory().disk, null);
  });
});

Deno.test("a place where no file can be made is refused with what the system says", async () => {
  await inDirectory((directory) => {
    const device = ebb.cpu();
    const file = Deno.makeTempFileSync();
    assertThrows(
      () => device.copies.useDisk(`${file}/below`),
      Error,
      `disk: expected a directory that a file can be made in but found "${file}/below": `,
    );
    Deno.removeSync(file);
    assertThrows(
      () => device.copies.useDisk({ directory, budget: "much" }),
      RangeError,
      "disk budget: expected",
    );
    assertEquals(device.copies.memory().disk, null);
    device.copies.useDisk(`${directory}/made/here/`);
    assert(Deno.statSync(`${directory}/made/here`).isDirectory);
    Deno.removeSync(`${directory}/made`, { recursive: true });
    const storage = store(device, 5);
    device.copies.budgetBytes = 1;
    sendAway(storage); // the file has no need of its directory
    assertEquals([contents(storage), ...farBytes(device)], [5, 0, 4096]);
    storage.release();
  });
});

/** Fills a file with 1 MiB and says so. */
const FILL = (directory: string) => `
  const device = ebb.cpu({ hostBudget: 1 });
  device.copies.useDisk(${JSON.stringify(directory)});
  const x = ebb.keep(ebb.ones([1 << 18], { device }));
  device.copies.wait(device.copies.copyOut(x.storage));
  console.log(x.storage.state);
`;

for (
  const [how, code, signal] of [
    ["ends", "", null],
    ["exits", "Deno.exit(3)", null],
    ["throws", "throw new Error('unforeseen')", null],
    ["is interrupted", "setInterval(() => {}, 1000)", "SIGINT"],
    ["is terminated", "setInterval(() => {}, 1000)", "SIGTERM"],
    ["is killed", "setInterval(() => {}, 1000)", "SIGKILL"],
  ] as [string, string, Deno.Signal | null][]
) {
  Deno.test(`nothing is left of a file when its program ${how}`, async () => {
    await inDirectory(async (directory) => {
      const child = program(FILL(directory) + code).spawn();
      const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
      assertEquals((await reader.read()).value, "away\n");
      await reader.cancel();
      if (signal !== null) {
        if (SEEN) assertEquals(namelessFiles(directory, child.pid).length, 1);
        child.kill(signal);
      }
      await child.stderr.cancel();
      await child.status;
    });
  });
}

Deno.test({
  name: "a device that is dropped drops its file",
  ignore: !SEEN,
  fn: async () => {
    await inDirectory(async (directory) => {
      const { stdout, stderr } = await program(`
      const files = () => [...Deno.readDirSync("/proc/self/fd")].filter(({ name }) => {
        try { return Deno.readLinkSync("/proc/self/fd/" + name).startsWith(${
        JSON.stringify(directory)
      }); } catch { return false; }
      }).length;
      (() => {
        const device = ebb.cpu({ hostBudget: 1 });
        device.copies.useDisk(${JSON.stringify(directory)});
        using x = ebb.ones([1 << 18], { device });
        device.copies.wait(device.copies.copyOut(x.storage));
      })();
      const before = files();
      for (let i = 0; i < 50 && files() > 0; i++) {
        gc();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      console.log(before, files());
    `).output();
      assertEquals(new TextDecoder().decode(stdout), "1 0\n", new TextDecoder().decode(stderr));
    });
  },
});

Deno.test({
  name: "where the system refuses to write more, nothing is lost, and the error says why",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await inDirectory(async (directory) => {
      // The system's limit on the length of a file, in blocks of 512 or 1024 bytes.
      const { stdout, stderr } = await program(
        `
      const device = ebb.cpu({ budget: "4 MiB", hostBudget: 1 });
      device.copies.useDisk(${JSON.stringify(directory)});
      const x = ebb.keep(ebb.full([3 << 18], 7, { device })); // 3 MiB
      const ticket = device.copies.copyOut(x.storage);
      device.copies.wait(ticket);
      console.log(x.storage.state, ticket.failure.message.replace(/^.*found: /, ""));
      try {
        ebb.ones([1 << 19], { device });
      } catch (error) {
        console.log(error.name, error.message.replace(/^.*(?=; disk)/, "").replace(/in \\S+/, "in F"));
      }
      console.log(x.data().every((value) => value === 7));
      const y = ebb.keep(ebb.full([1 << 16], 5, { device })); // 256 KiB
      await new Promise((resolve) => setTimeout(resolve, 1100)); // the disk is tried again
      device.copies.wait(device.copies.copyOut(y.storage));
      console.log(y.storage.state, y.sum().item());
    `,
        "trap '' XFSZ; ulimit -f 2000;",
      ).output();
      const [failed, out, kept, later] = new TextDecoder().decode(stdout).split("\n");
      const message = new TextDecoder().decode(stderr);
      assert(/^resident File too large/.test(failed), failed + message);
      assert(
        /^OutOfMemoryError ; disk: expected to write 3 MiB in F but found: File too large/.test(out),
        out,
      );
      assertEquals([kept, later], ["true", `away ${5 << 16}`]);
    });
  },
});
