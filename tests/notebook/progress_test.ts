/**
 * Progress of loops and of long work: told, shown live in a notebook, stopped by a signal or an interrupt.
 *
 * @module
 */
import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import * as ebb from "../../mod.ts";
import { Task } from "../../lib/notebook/mod.ts";
import { leakFree } from "../leak.ts";

const SIGNAL = Symbol.for("ebb.interrupt");

Deno.test("progress() runs over anything, and tells how far it is", async () => {
  const seen: ebb.ProgressEvent[] = [];
  const progress = (event: ebb.ProgressEvent) => void seen.push(event);
  assertEquals([...ebb.progress("abc", { progress })], ["a", "b", "c"]);
  assertEquals([...ebb.progress(new Set([1, 2]), { progress, task: "set" })], [1, 2]);
  const later = [];
  for await (const x of ebb.progress(generate(2), { progress, task: "later", total: 2 })) later.push(x);
  assertEquals(later, [0, 1]);
  for await (const x of ebb.progress(generate(1), { progress, task: "unknown" })) later.push(x);
  assertEquals(seen.map(({ task, done, total }) => [task, done, total]), [
    ["progress", 1, 3],
    ["progress", 2, 3],
    ["progress", 3, 3],
    ["set", 1, 2],
    ["set", 2, 2],
    ["later", 1, 2],
    ["later", 2, 2],
    ["unknown", 1, Infinity],
  ]);
});

Deno.test("a task that is over before its delay shows nothing; one that turns out shorter ends where it is", () => {
  const seen: string[] = [];
  const told = inNotebook(() => {
    using quick = new Task("quick", 2, { delayMs: 60_000 });
    quick.advance();
    quick.advance();
    using shorter = new Task("shorter", 9);
    shorter.advance();
    shorter.finish(() => "found");
    using both = new Task("both", 1, { delayMs: 60_000, progress: ({ task }) => void seen.push(task) });
    both.advance();
  });
  const texts = told.map(({ content }) => (content.data as Record<string, string>)["text/plain"]);
  assertEquals(texts.length, 2);
  assertMatch(texts[1], /^shorter 1 of 1, in \d+ s · found$/);
  assertEquals(seen, ["both"]);
});

async function* generate(count: number): AsyncGenerator<number> {
  for (let i = 0; i < count; i++) yield await Promise.resolve(i);
}

Deno.test("progress() lets go of what it runs over when the loop is left", async () => {
  const ended: string[] = [];
  function* first() {
    try {
      yield 1;
      yield 2;
    } finally {
      ended.push("first");
    }
  }
  for (const _ of ebb.progress(first(), { progress: false })) break;
  const controller = new AbortController();
  const options = { progress: false, signal: controller.signal };
  assertThrows(
    () => {
      for (const _ of ebb.progress(first(), options)) controller.abort(new Error("enough"));
    },
    Error,
    "enough",
  );
  await assertRejects(
    async () => {
      for await (const _ of ebb.progress(generate(3), options)) throw new Error("not reached");
    },
    Error,
    "enough",
  );
  assertEquals(ended, ["first", "first"]);
});

/** Runs `fn` as if a kernel were there, and gives what it was told to broadcast. */
function inNotebook(fn: () => void): { type: string; content: Record<string, unknown> }[] {
  const told: { type: string; content: Record<string, unknown> }[] = [];
  const jupyter = {
    broadcast(type: string, content: Record<string, unknown>) {
      told.push({ type, content });
      return Promise.resolve();
    },
  };
  const target = Deno as unknown as { jupyter?: unknown };
  target.jupyter = jupyter;
  try {
    fn();
  } finally {
    target.jupyter = undefined;
  }
  return told;
}

Deno.test("progress() is a bar in a notebook, brought up to date in its place, and escaped", () => {
  const told = inNotebook(() => {
    for (const _ of ebb.progress([1, 2, 3], { task: "<i>" }));
    for (
      const _ of ebb.progress(
        (function* () {
          yield 1;
        })(),
        { task: "unknown" },
      )
    );
  });
  assertEquals(told.map(({ type }) => type), ["display_data", "update_display_data", "display_data"]);
  const [first, last, unknown] = told.map(({ content }) => content as Record<string, Record<string, string>>);
  assertEquals(first.transient, last.transient);
  assertMatch(first.data["text/html"], /<progress value="0\.3333" max="1".*&lt;i&gt; 1 of 3/);
  assertMatch(last.data["text/html"], /<progress value="1\.0000"/);
  assertMatch(last.data["text/plain"], /^<i> 3 of 3, in \d+ s$/);
  assertMatch(unknown.data["text/html"], /<progress max="1"/);
});

Deno.test("long work ends by a signal, and frees what it had made", async () => {
  using images = ebb.rand([20, 1, 8, 8]);
  using labels = ebb.tensor(Array.from({ length: 20 }, (_, i) => i % 4), { dtype: "int64" });
  const data = ebb.data.fromTensors([images, labels]);
  using model = ebb.models.smallCnn({ classes: 4, size: 8 });
  const attack = ebb.backdoor.badnets();
  const works: ((options: ebb.backdoor.RunOptions) => Promise<unknown>)[] = [
    (options) => ebb.backdoor.fineTune(model, data, { ...options, batchSize: 10 }),
    (options) => ebb.backdoor.aft(model, data, { ...options, batchSize: 10 }),
    (options) => ebb.backdoor.inspect(model, data, options),
    (options) => ebb.backdoor.maximumMargins(model, 4, [1, 8, 8], options),
    (options) => ebb.backdoor.chooseEpsilon(model, data, { ...options, share: 1 }),
    (options) => ebb.backdoor.adversarialLabels(model, data, { ...options, epsilon: 0.1 }),
    (options) => ebb.backdoor.labelMatrix({ model }, data, options),
    (options) => ebb.backdoor.featureDistance(model, data, attack, { ...options, epsilon: 0.1 }),
    (options) => ebb.backdoor.evaluate({ model }, data, attack, options),
    (options) => ebb.predict(model, data, options),
    (options) => ebb.accuracy(model, data, { ...options, batchSize: 5 }),
  ];
  for (const work of works) {
    const controller = new AbortController();
    const progress = () => controller.abort(new Error("enough"));
    await leakFree(() => assertRejects(() => work({ progress, signal: controller.signal }), Error, "enough"));
  }
});

Deno.test("an interrupt unwinds the operator that runs next, once", async () => {
  const controller = new AbortController();
  const place = globalThis as unknown as Record<symbol, AbortSignal | undefined>;
  place[SIGNAL] = controller.signal;
  try {
    await leakFree(() => {
      using x = ebb.ones([4]);
      controller.abort(new Error("interrupted"));
      assertThrows(
        () =>
          ebb.scope(() => {
            while (true) x.mul(2);
          }),
        Error,
        "interrupted",
      );
      assertEquals(ebb.scope(() => x.sum().item()), 4, "what cleans up may compute");
    });
  } finally {
    delete place[SIGNAL];
  }
});
