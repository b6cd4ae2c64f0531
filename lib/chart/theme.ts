/**
 * How charts look: colours for light and for dark surroundings, fonts, sizes. The four series colours start from those
 * of Okabe and Ito (2008), made for readers who do not tell all hues apart; each has a counterpart for dark surroundings.
 * `tests/chart/theme_test.ts` measures contrast and distance, for the common kinds of colour blindness too.
 *
 * A chart is drawn with the light colours as plain attributes, which every program that reads SVG understands. A style
 * sheet inside it replaces them, one for one, where the surroundings are dark.
 *
 * @module
 */

/** A colour in light surroundings and its counterpart in dark ones. */
export interface Colour {
  /** As `#rrggbb`, lower case. */
  readonly light: string;
  /** As `#rrggbb`, lower case. */
  readonly dark: string;
}

/** Behind everything. Opaque, so that a chart stays readable wherever it is put. */
export const BACKGROUND: Colour = { light: "#ffffff", dark: "#1b1b1a" };
/** Text that matters. */
export const INK: Colour = { light: "#1d1d1b", dark: "#eeede8" };
/** Text that explains: subtitles, axes. */
export const MUTED: Colour = { light: "#5f5e5a", dark: "#a9a8a1" };
/** The colours of series; a series keeps its colour in whatever chart it is. */
export const SERIES = {
  blue: { light: "#0072b2", dark: "#56b4e9" },
  orange: { light: "#d55e00", dark: "#f0913d" },
  green: { light: "#08a57e", dark: "#35e0b6" },
  magenta: { light: "#9c1a60", dark: "#ec4a98" },
} as const satisfies Record<string, Colour>;

/**
 * What stands for the highest of a scale; lower ones are the same with as much opacity as they are high, down to the
 * background for nothing. In both surroundings text is best in {@linkcode INK} up to {@linkcode SCALE_TURN} of the scale,
 * and best in {@linkcode BACKGROUND} from there on.
 */
export const SCALE: Colour = { light: "#003f74", dark: "#57b5e8" };
/** See {@linkcode SCALE}. */
export const SCALE_TURN = 0.66;

/** Fonts by name, the system's own first; programs that know no system font find one of the others. */
export const FONTS =
  "system-ui, 'Segoe UI', 'Helvetica Neue', 'DejaVu Sans', 'Liberation Sans', Arial, sans-serif";

/** What a chart's root is called in style sheets. */
export const CLASS = "ebb-chart";

/** The style sheet inside every chart. */
export function styleSheet(): string {
  const pairs = [BACKGROUND, INK, MUTED, SCALE, ...Object.values(SERIES)];
  const dark = pairs.flatMap(({ light, dark }) =>
    ["fill", "stroke"].map((name) => `.${CLASS} [${name}="${light}"]{${name}:${dark}}`)
  );
  return [
    `.${CLASS}{color:${INK.light};max-width:100%;height:auto}`,
    `.${CLASS} text,.${CLASS} tspan{white-space:pre}`,
    `@media (prefers-color-scheme:dark){.${CLASS}{color:${INK.dark}}${dark.join("")}}`,
  ].join("\n");
}
