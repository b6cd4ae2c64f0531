/**
 * Colours: that they can be told from the background and from each other, with common colour blindness too.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { BACKGROUND, INK, MUTED, SCALE, SCALE_TURN, SERIES, styleSheet } from "../../lib/chart/theme.ts";

type Rgb = [number, number, number];

/** Severe protanopia, deuteranopia and tritanopia on linear RGB (Machado, Oliveira and Fernandes, 2009). */
const SIGHTS: Record<string, number[][]> = {
  "all cones": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protanopia: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [
    -0.003882,
    -0.048116,
    1.051998,
  ]],
  deuteranopia: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [
    -0.01182,
    0.04294,
    0.968881,
  ]],
  tritanopia: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [
    0.004733,
    0.691367,
    0.3039,
  ]],
};
const SURROUNDINGS = ["light", "dark"] as const;

function linear(hex: string): Rgb {
  return [1, 3, 5].map((at) => {
    const value = parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as Rgb;
}

/** Ratio of luminances as the accessibility guidelines (WCAG 2) define it. */
function contrast(a: string, b: string): number {
  const [dim, bright] = [a, b].map((hex) => {
    const [r, g, b] = linear(hex);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  }).sort((a, b) => a - b);
  return bright / dim;
}

/** Distance in OKLab (Ottosson, 2020), times 100: about 2 is just visible. */
function distance(a: string, b: string, sight: number[][]): number {
  const [p, q] = [a, b].map((hex) => {
    const seen = sight.map((row) =>
      Math.max(0, row.reduce((sum, part, i) => sum + part * linear(hex)[i], 0))
    );
    const [r, g, b] = seen;
    const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
    const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
    const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
    return [
      0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
      1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
      0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
    ];
  });
  return 100 * Math.hypot(...p.map((value, i) => value - q[i]));
}

Deno.test("text stands out from the background by 4.5 to 1, series by 3 to 1, in light and in dark", () => {
  const least: [string, typeof INK, number][] = [
    ["ink", INK, 4.5],
    ["muted", MUTED, 4.5],
    ...Object.entries(SERIES).map(([name, colour]): [string, typeof INK, number] => [name, colour, 3]),
  ];
  for (const where of SURROUNDINGS) {
    for (const [name, colour, ratio] of least) {
      const found = contrast(colour[where], BACKGROUND[where]);
      assert(found >= ratio, `${name} in ${where} surroundings: ${found.toFixed(2)}`);
    }
  }
});

Deno.test("numbers on the colours of the scale stand out by 3.7 to 1, in light and in dark", () => {
  const parts = (hex: string) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  for (const where of SURROUNDINGS) {
    for (let share = 0; share <= 1; share += 1 / 64) {
      const [from, to] = [BACKGROUND[where], SCALE[where]].map(parts);
      const mixed = from.map((value, i) => Math.round(value + share * (to[i] - value)));
      const cell = `#${mixed.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
      const found = contrast(cell, (share > SCALE_TURN ? BACKGROUND : INK)[where]);
      assert(found >= 3.7, `${share} in ${where} surroundings: ${found.toFixed(2)}`);
    }
  }
});

Deno.test("series can be told apart with every kind of sight, in light and in dark", () => {
  const names = Object.keys(SERIES) as (keyof typeof SERIES)[];
  for (const where of SURROUNDINGS) {
    for (const [sight, matrix] of Object.entries(SIGHTS)) {
      for (const [i, a] of names.entries()) {
        for (const b of names.slice(i + 1)) {
          const found = distance(SERIES[a][where], SERIES[b][where], matrix);
          assert(found >= 8, `${a} and ${b}, ${where}, ${sight}: ${found.toFixed(1)}`);
        }
      }
    }
  }
});

Deno.test("the style sheet has a dark counterpart for every colour", () => {
  const colours = [BACKGROUND, INK, MUTED, SCALE, ...Object.values(SERIES)];
  for (const { light, dark } of colours) {
    assert(styleSheet().includes(`[fill="${light}"]{fill:${dark}}`), light);
    assert(styleSheet().includes(`[stroke="${light}"]{stroke:${dark}}`), light);
  }
  assertEquals(
    new Set(colours.map(({ light }) => light)).size,
    colours.length,
    "no two that a sheet confuses",
  );
});
