/**
 * Charts as PNG files, for where no SVG is taken. The picture is resvg's, with the font that charts name, so that it is the
 * same on every machine; both packages are fetched when the first picture is asked for.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { DEJAVU, RESVG } from "../deps.ts";
import { packageFolder } from "../files/package.ts";

const FAMILY = "DejaVu Sans";

/** As much of resvg as is called. */
interface Renderer {
  Resvg: new (
    svg: string,
    options: Record<string, unknown>,
  ) => { render(): { asPng(): Uint8Array<ArrayBuffer> } };
}

/** An SVG as a PNG on white, `scale` pixels for each of its own. */
export async function rasterise(svg: string, scale: number): Promise<Uint8Array<ArrayBuffer>> {
  if (!(scale > 0 && scale <= 16)) {
    throw new RangeError(`png: expected a scale above 0 and of at most 16 but found ${scale}`);
  }
  // Not a literal, as Deno would fetch it with this module.
  const specifier = `npm:@resvg/resvg-js@${RESVG}`;
  const [{ Resvg }, fonts] = await Promise.all([
    import(specifier) as Promise<Renderer>,
    packageFolder("png", `dejavu-fonts-ttf@${DEJAVU}`),
  ]);
  const fontFiles = ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"].map((file) =>
    fileURLToPath(new URL(`ttf/${file}`, fonts))
  );
  const options = {
    background: "white",
    fitTo: { mode: "zoom", value: scale },
    font: { loadSystemFonts: false, fontFiles, defaultFontFamily: FAMILY, sansSerifFamily: FAMILY },
  };
  return new Resvg(svg, options).render().asPng();
}
