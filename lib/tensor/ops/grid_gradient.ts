/**
 * The gradients of sampling along a grid, as one graph: every sample has four corners (or one nearest pixel); what
 * arrives at a sample is added to its corners by weight, and how it changes with the place follows from the corners'
 * differences. Places outside follow the padding, with its own derivative, as PyTorch defines them.
 *
 * @module
 */
import type { GraphBuilder, Value } from "../../ort/mod.ts";
import type { DType } from "../dtype.ts";

/** How a grid is read. */
export type GridSettings = {
  mode: "bilinear" | "nearest";
  padding: "zeros" | "border" | "reflection";
  aligned: boolean;
};

/** Places along one axis, in pixels, and their derivative with respect to the grid. */
interface Places {
  at: Value;
  slope: Value;
}

/** Sizes that the graph is built for. */
export interface GridSizes {
  batch: number;
  channels: number;
  height: number;
  width: number;
  /** Samples of one image. */
  samples: number;
}

/** A corner of every sample. */
interface Corner {
  /** Row of the pixel among those of all images, `[N · P]`; some pixel where there is none. */
  row: Value;
  /** 1 where there is a pixel, 0 elsewhere, `[N · P]`. */
  there: Value;
  /** Share of the sample, `[N · P]`. */
  weight: Value;
}

/** The four corners of every sample, and how far it is from each side. */
interface Corners {
  corners: Corner[];
  fromLeft: Value;
  fromTop: Value;
  toRight: Value;
  toBottom: Value;
}

/** Builds the graph of both gradients. */
export class GridGradient {
  readonly #g: GraphBuilder;
  readonly #dtype: DType;
  readonly #sizes: GridSizes;
  readonly #settings: GridSettings;
  readonly #x: Places;
  readonly #y: Places;
  /** Gradient of the samples, `[N, C, P]`. */
  readonly #planes: Value;
  #four: Corners | undefined;

  constructor(
    g: GraphBuilder,
    dy: Value,
    grid: Value,
    dtype: DType,
    sizes: GridSizes,
    settings: GridSettings,
  ) {
    this.#g = g;
    this.#dtype = dtype;
    this.#sizes = sizes;
    this.#settings = settings;
    const { batch, channels, height, width, samples } = sizes;
    const flat = this.#reshape(grid, [batch * samples, 2]);
    const part = (i: number) =>
      this.#reshape(this.#node("Gather", flat, g.ints([i]), { axis: 1 }), [batch * samples]);
    this.#x = this.#places(part(0), width);
    this.#y = this.#places(part(1), height);
    this.#planes = this.#reshape(dy, [batch, channels, samples]);
  }

  #node(op: string, ...inputs: (Value | Record<string, number>)[]): Value {
    const attributes = inputs.filter((input) => typeof input === "object");
    return this.#g.node(op, inputs.filter((input) => typeof input === "string"), attributes[0]);
  }

  #number(value: number): Value {
    return this.#g.scalar(value, this.#dtype);
  }

  #reshape(x: Value, shape: number[]): Value {
    return this.#node("Reshape", x, this.#g.ints(shape));
  }

  /** 1 where a condition holds, 0 elsewhere. */
  #indicator(condition: Value): Value {
    return this.#g.cast(condition, this.#dtype);
  }

  /** From −1 … 1 to pixels, then inside by the padding. */
  #places(grid: Value, size: number): Places {
    const { padding, aligned } = this.#settings;
    const factor = (aligned ? size - 1 : size) / 2;
    const at = this.#node("Add", this.#node("Mul", grid, this.#number(factor)), this.#number((size - 1) / 2));
    const places = { at, slope: this.#number(factor) };
    if (padding === "zeros") return places;
    return this.#clipped(padding === "border" ? places : this.#reflected(places, size), size);
  }

  #clipped({ at, slope }: Places, size: number): Places {
    const inside = this.#node(
      "And",
      this.#node("Greater", at, this.#number(0)),
      this.#node("Less", at, this.#number(size - 1)),
    );
    return {
      at: this.#node("Clip", at, this.#number(0), this.#number(size - 1)),
      slope: this.#node("Mul", slope, this.#indicator(inside)),
    };
  }

  /** Thrown back at the borders: pixel centres (aligned) or edges. */
  #reflected({ at, slope }: Places, size: number): Places {
    const low = this.#settings.aligned ? 0 : -0.5;
    const span = this.#settings.aligned ? size - 1 : size;
    if (span === 0) return { at: this.#node("Mul", at, this.#number(0)), slope: this.#number(0) };
    const moved = this.#node("Sub", at, this.#number(low));
    const away = this.#node("Abs", moved);
    const flips = this.#node("Floor", this.#node("Div", away, this.#number(span)));
    const rest = this.#node("Sub", away, this.#node("Mul", flips, this.#number(span)));
    const pairs = this.#node("Floor", this.#node("Mul", flips, this.#number(0.5)));
    const odd = this.#node("Sub", flips, this.#node("Mul", pairs, this.#number(2)));
    // rest where flips are even, span − rest where they are odd.
    const back = this.#node("Sub", this.#number(1), this.#node("Mul", odd, this.#number(2)));
    const place = this.#node(
      "Add",
      this.#node("Mul", rest, back),
      this.#node("Mul", odd, this.#number(span)),
    );
    const sign = this.#node("Sign", moved);
    return {
      at: this.#node("Add", place, this.#number(low)),
      slope: this.#node("Mul", slope, this.#node("Mul", back, sign)),
    };
  }

  /** The pixel at `(x, y)` of every sample. */
  #corner(x: Value, y: Value, weight: Value): Corner {
    const { batch, height, width, samples } = this.#sizes;
    const zero = this.#number(0);
    const within = (at: Value, size: number) =>
      this.#node("And", this.#node("GreaterOrEqual", at, zero), this.#node("Less", at, this.#number(size)));
    const there = this.#node("And", within(x, width), within(y, height));
    const whole = (at: Value, size: number) =>
      this.#g.cast(this.#node("Clip", at, zero, this.#number(size - 1)), "int64");
    const pixel = this.#node(
      "Add",
      this.#node("Mul", whole(y, height), this.#g.scalar(width, "int64")),
      whole(x, width),
    );
    const starts = Array.from({ length: batch }, (_, n) => n * height * width);
    const row = this.#node(
      "Add",
      this.#reshape(pixel, [batch, samples]),
      this.#g.values(starts, [batch, 1], "int64"),
    );
    return { row: this.#reshape(row, [batch * samples]), there: this.#indicator(there), weight };
  }

  /** The four corners: left and right above, then below; made once. */
  #corners(): Corners {
    return this.#four ??= this.#makeCorners();
  }

  #makeCorners(): Corners {
    const one = this.#number(1);
    const [left, top] = [this.#x, this.#y].map(({ at }) => this.#node("Floor", at));
    const [right, bottom] = [left, top].map((at) => this.#node("Add", at, one));
    const fromLeft = this.#node("Sub", this.#x.at, left);
    const fromTop = this.#node("Sub", this.#y.at, top);
    const [toRight, toBottom] = [fromLeft, fromTop].map((at) => this.#node("Sub", one, at));
    const share = (x: Value, y: Value) => this.#node("Mul", x, y);
    const corners = [
      this.#corner(left, top, share(toRight, toBottom)),
      this.#corner(right, top, share(fromLeft, toBottom)),
      this.#corner(left, bottom, share(toRight, fromTop)),
      this.#corner(right, bottom, share(fromLeft, fromTop)),
    ];
    return { corners, fromLeft, fromTop, toRight, toBottom };
  }

  /** Gradient of the images, `[N, C, H, W]`. */
  images(): Value {
    const { batch, channels, height, width, samples } = this.#sizes;
    const corners = this.#settings.mode === "bilinear"
      ? this.#corners().corners
      : [this.#corner(this.#node("Round", this.#x.at), this.#node("Round", this.#y.at), this.#number(1))];
    // Weighted in planes, where a weight serves a row of memory, and turned to rows of channels once.
    const updates = corners.map(({ there, weight }) =>
      this.#node("Mul", this.#planes, this.#reshape(this.#node("Mul", there, weight), [batch, 1, samples]))
    );
    const places = corners.map(({ row }) => this.#reshape(row, [batch, samples]));
    const count = corners.length * samples;
    const turned = this.#g.node("Transpose", [this.#node("Concat", ...updates, { axis: 2 })], {
      perm: [0, 2, 1],
    });
    const rows = this.#reshape(turned, [batch * count, channels]);
    const index = this.#reshape(this.#node("Concat", ...places, { axis: 1 }), [batch * count, 1]);
    const zeros = this.#node("Expand", this.#number(0), this.#g.ints([batch * height * width, channels]));
    const sums = this.#g.node("ScatterND", [zeros, index, rows], { reduction: "add" });
    const images = this.#reshape(sums, [batch, height * width, channels]);
    return this.#g.node("Transpose", [images], { perm: [0, 2, 1] });
  }

  /** Gradient of the grid, `[N · P, 2]`, from the images. */
  grid(images: Value): Value {
    const { batch, channels, height, width, samples } = this.#sizes;
    if (this.#settings.mode === "nearest") {
      return this.#node("Expand", this.#number(0), this.#g.ints([batch * samples, 2]));
    }
    const { corners, fromLeft, fromTop, toRight, toBottom } = this.#corners();
    const planes = this.#reshape(images, [batch, channels, height * width]);
    const pixels = this.#reshape(
      this.#g.node("Transpose", [planes], { perm: [0, 2, 1] }),
      [batch * height * width, channels],
    );
    const turned = this.#g.node("Transpose", [this.#planes], { perm: [0, 2, 1] });
    const arrived = this.#reshape(turned, [batch * samples, channels]);
    // What arrives at a sample, times the pixel at each of its corners.
    const [a, b, c, d] = corners.map(({ row, there }) => {
      const products = this.#node("Mul", arrived, this.#node("Gather", pixels, row, { axis: 0 }));
      const sum = this.#node("ReduceSum", products, this.#g.ints([1]), { keepdims: 0 });
      return this.#node("Mul", sum, there);
    });
    const change = (first: Value, second: Value, share: Value) =>
      this.#node("Mul", this.#node("Sub", second, first), share);
    const along = (slope: Value, first: Value, second: Value) =>
      this.#node("Unsqueeze", this.#node("Mul", this.#node("Add", first, second), slope), this.#g.ints([1]));
    const dx = along(this.#x.slope, change(a, b, toBottom), change(c, d, fromTop));
    const dy = along(this.#y.slope, change(a, c, toRight), change(b, d, fromLeft));
    return this.#node("Concat", dx, dy, { axis: 1 });
  }
}
