/**
 * The report of a run: one page with everything in it, for light and dark surroundings.
 *
 * @module
 */
import * as ebb from "../mod.ts";
import type { Erased } from "./backdoor.ts";
import type { Images } from "./images.ts";
import type { Larger } from "./larger.ts";
import {
  count,
  duration,
  epochRows,
  erasedRows,
  erasedVerdict,
  largerRows,
  largerVerdict,
  percent,
} from "./text.ts";
import type { Training } from "./train.ts";

/** What a report is about. */
export interface Run {
  readonly images: Images;
  readonly training: Training;
  readonly larger: Larger;
  /** Null where there were too few images. */
  readonly erased: Erased | null;
  /** The command that makes the same run. */
  readonly command: string;
}

/** So many of the images that were taken for something else are shown. */
const MISTAKES = 24;

/** The page, as HTML. */
export function report({ images, training, larger, erased, command }: Run): string {
  const { name, plural, train, test, recipe } = images;
  const { model, seconds, record: { epochs, curve, memory, stepMemory } } = training;
  const last = epochs.at(-1)!;
  const parameters = model.parameters().reduce((sum, { size }) => sum + size, 0);
  const speed = epochs.reduce((sum, { imagesPerSecond }) => sum + imagesPerSecond, 0) / epochs.length;
  const device = ebb.defaultDevice();
  const charts = [
    ebb.chart.learningCurves(curve, {
      title: "How it learns",
      subtitle: `${count(train.length)} ${plural} in batches of ${recipe.batchSize}; ${
        count(test.length)
      } held out`,
    }),
    ebb.chart.deviceMemory(stepMemory.samples, {
      title: "Memory within one step",
      subtitle: "The forward pass keeps what gradients need, the backward pass lets it go",
      at: "operator",
      phases: stepMemory.phases,
      budgetBytes: device.memory().budgetBytes,
    }),
    ebb.chart.deviceMemory(memory, {
      title: "Memory from step to step",
      subtitle: "Measured between steps: parameters and the optimizer's state stay, all else is freed",
      budgetBytes: device.memory().budgetBytes,
    }),
  ];
  const tiles = [
    [percent(last.accuracy), `of ${count(test.length)} held-out ${plural} classified right`],
    [duration(seconds), `for ${Number(last.epoch.toFixed(2))} epochs, evaluations included`],
    [count(speed), "images a second in training"],
    [ebb.formatBytes(last.peakBytes), `of memory on ${device.name} at the peak`],
    [count(parameters), `parameters: ${recipe.network}`],
  ];
  return page(`${name} by Ebb`, [
    `<h1>A network learns ${escape(name === "MNIST" ? "digits" : name)}</h1>`,
    `<dl class="tiles">${
      tiles.map(([value, what]) => `<div><dt>${escape(what)}</dt><dd>${escape(value)}</dd></div>`).join("")
    }</dl>`,
    ...charts.map((chart) => chart.html()),
    `<h2>Epoch by epoch</h2>`,
    htmlTable(epochRows(epochs)),
    ...mistakes(images, last.predictions),
    ...largerThanMemory(larger),
    ...backdoor(images, erased),
    `<footer>Made by <code>${escape(command)}</code> with Ebb on Deno ${Deno.version.deno}, ${
      escape(Deno.build.target)
    }.</footer>`,
  ]);
}

/** The language model in an eighth of its memory. */
function largerThanMemory(larger: Larger): string[] {
  const { trace, plan, report, history, budgetBytes } = larger;
  return [
    `<h1>Larger than memory</h1>`,
    `<p>A language model of six layers whose step needs ${
      ebb.formatBytes(report.neededBytes)
    }, trained within ${
      ebb.formatBytes(budgetBytes)
    }: what idles leaves and comes back in time, or is computed again. ${escape(largerVerdict(larger))}</p>`,
    htmlTable(largerRows(larger)),
    `<p></p>`,
    ebb.chart.memory(trace, plan).html(),
    ebb.chart.timeline(trace, plan).html(),
    ebb.chart.steps(history).html(),
  ];
}

/** The backdoor, planted and erased. */
function backdoor({ plural, classes }: Images, erased: Erased | null): string[] {
  const title = `<h1>A backdoor, and its end</h1>`;
  if (erased === null) return [title, `<p>${erasedVerdict(erased)}</p>`];
  const { attack, target, counts, inspection, rows, curve, pictures } = erased;
  return [
    title,
    `<p>${count(counts.poisoned)} of ${count(counts.trained)} ${escape(plural)} got ${
      escape(attack)
    } and the label ${escape(target)}. ${escape(erasedVerdict(erased))}</p>`,
    htmlTable(erasedRows(erased)),
    `<p></p>`,
    ebb.chart.inspection(inspection, { classes }).html(),
    ebb.chart.cleanVsTrigger(rows).html(),
    ebb.chart.erasure(curve, { title: "Erasing the backdoor, epoch by epoch" }).html(),
    ebb.chart.imageGrid(pictures, {
      title: "What the networks see",
      subtitle:
        "Below each image what it is taken for; the infected network is attacked without knowing the trigger",
    }).html(),
  ];
}

/** Images that the network took for something else. */
function mistakes({ test, classes, plural }: Images, predictions: readonly number[]): string[] {
  const labels = test.labels();
  const wrong = [...predictions.keys()].filter((row) => predictions[row] !== labels[row]);
  const figures = wrong.slice(0, MISTAKES).map((row) => {
    const [truth, taken] = [labels[row], predictions[row]].map((label) =>
      escape(classes[label] ?? String(label))
    );
    const { data, shape } = test.at(row)[0];
    return `<figure><img src="${
      ebb.chart.pictureUrl(data, shape)
    }" alt="${truth}"><figcaption>${truth}, taken for ${taken}` +
      "</figcaption></figure>";
  });
  if (wrong.length === 0) return [];
  const some = wrong.length > MISTAKES
    ? `The first ${MISTAKES} of ${count(wrong.length)}`
    : `All ${wrong.length}`;
  return [
    `<h2>What it gets wrong</h2>`,
    `<p>${some} held-out ${escape(plural)} that the network takes for something else.</p>`,
    `<div class="mistakes">${figures.join("")}</div>`,
  ];
}

function htmlTable([head, ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${escape(cell)}</${tag}>`).join("")}</tr>`;
  return `<div class="scroll"><table><thead>${line(head, "th")}</thead><tbody>${
    rows.map((row) => line(row, "td")).join("")
  }</tbody></table></div>`;
}

function page(title: string, parts: readonly string[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escape(title)}</title>
<style>
:root { --page: #f4f3ef; --card: #ffffff; --ink: #1d1d1b; --muted: #5f5e5a; --line: #dddbd4; }
@media (prefers-color-scheme: dark) {
  :root { --page: #111110; --card: #1b1b1a; --ink: #eeede8; --muted: #a9a8a1; --line: #343431; }
}
body { margin: 0 auto; max-width: 760px; padding: 32px 16px; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", "Helvetica Neue", "DejaVu Sans", "Liberation Sans", Arial, sans-serif; }
h1 { font-size: 26px; margin: 0 0 16px; }
h2 { font-size: 18px; margin: 32px 0 8px; }
p { margin: 0 0 12px; color: var(--muted); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(132px, 1fr)); gap: 12px; margin: 0 0 16px; }
.tiles div { display: flex; flex-direction: column-reverse; justify-content: flex-end; padding: 12px 14px;
  background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
.tiles dt { color: var(--muted); font-size: 12px; line-height: 1.35; }
.tiles dd { margin: 0; font-size: 20px; font-weight: 600; white-space: nowrap; }
.ebb-figure { margin: 0 0 16px !important; border: 1px solid var(--line); border-radius: 8px; overflow: hidden; }
.ebb-figure svg { display: block; width: 100%; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
table { border-collapse: collapse; width: 100%; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { padding: 7px 14px; text-align: right; white-space: nowrap; }
th { color: var(--muted); font-weight: 500; }
td { border-top: 1px solid var(--line); }
.mistakes { display: grid; grid-template-columns: repeat(auto-fill, minmax(84px, 1fr)); gap: 12px; }
.mistakes figure { margin: 0; }
.mistakes img { width: 100%; image-rendering: pixelated; border-radius: 4px; display: block; }
.mistakes figcaption { font-size: 12px; line-height: 1.35; color: var(--muted); margin-top: 4px; }
footer { margin-top: 32px; font-size: 13px; color: var(--muted); }
code { font-size: 12px; }
</style>
</head>
<body>
${parts.join("\n")}
</body>
</html>
`;
}

function escape(text: string): string {
  const names: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replace(/[&<>"']/g, (character) => names[character]);
}
