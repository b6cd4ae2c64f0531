/**
 * Builds ONNX models in memory: nodes, constants, inputs and outputs, serialised to the bytes that a session is made
 * from. A value is its name. Follows onnx.proto3 of ONNX 1.15 (IR version 9, opset 20); shapes are left open, so that one
 * session serves every size.
 *
 * @module
 */
import { MessageWriter } from "./protobuf.ts";
import type { NodeKind } from "./webgpu_faults.ts";

/** ONNX's numbers for element types. */
export const ELEMENT_TYPES = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16,
} as const;

/** Name of an element type, as in PyTorch. */
export type ElementType = keyof typeof ELEMENT_TYPES;

/** Name of a value in a graph. */
export type Value = string;

/** An attribute of a node: whole numbers are written as ints, others as floats; `{ float }` forces a float. */
export type Attribute = number | string | readonly number[] | { readonly float: number };

/** The domain of ONNX Runtime's own fused operators. */
export const MICROSOFT = "com.microsoft";
/** The domain of the blocked convolution kernels of ONNX Runtime's CPU provider. */
export const NCHWC = "com.microsoft.nchwc";

/** Names of nodes that run on the CPU in a session of another provider; a graph has fewer nodes. */
export const HOST_NODES: readonly string[] = Array.from({ length: 256 }, (_, i) => `host${i}`);

/** Operators that round nothing. */
const MOVING = new Set(
  "Cast Concat Expand Flatten Gather Identity Pad Reshape Slice Split Squeeze Transpose Unsqueeze Where"
    .split(" "),
);

const OPSET = 20;
const IR_VERSION = 9;

interface NodeProto {
  op: string;
  inputs: readonly Value[];
  outputs: Value[];
  attributes: Record<string, Attribute>;
  domain: string;
}

interface Constant {
  name: Value;
  type: ElementType;
  shape: readonly number[];
  bytes: Uint8Array;
}

/** A graph under construction. */
export class GraphBuilder {
  /** Whether some node runs on the CPU, wherever the graph's inputs and outputs lie. */
  hasHostNodes = false;
  readonly #onHost: (node: NodeKind) => boolean;
  #nodes: NodeProto[] = [];
  #constants = new Map<string, Constant>();
  #inputs: { name: Value; type: ElementType; shape?: readonly number[] }[] = [];
  #outputs: { name: Value; type: ElementType }[] = [];
  #count = 0;

  /** An empty graph; `onHost` says which nodes run on the CPU in a session of another provider. */
  constructor(onHost: (node: NodeKind) => boolean = () => false) {
    this.#onHost = onHost;
  }

  /** Declares an input; its shape is stated only in files meant for other programs. */
  input(name: Value, type: ElementType, shape?: readonly number[]): Value {
    this.#inputs.push({ name, type, shape });
    return name;
  }

  /** Declares `value` an output under the name `name`. Outputs that share a value get a copy each. */
  output(name: Value, value: Value, type: ElementType): void {
    const producer = this.#nodes.find((node) => node.outputs.includes(value));
    const taken = this.#outputs.some((output) => output.name === value);
    if (producer === undefined || taken) {
      this.#nodes.push({ op: "Identity", inputs: [value], outputs: [name], attributes: {}, domain: "" });
    } else {
      // Rename in place: a graph that ends in Identity would copy its result.
      for (const node of this.#nodes) {
        node.inputs = node.inputs.map((input) => input === value ? name : input);
        node.outputs = node.outputs.map((output) => output === value ? name : output);
      }
    }
    this.#outputs.push({ name, type });
  }

  /** Adds a node with one output. An empty string as input leaves out an optional one. */
  node(op: string, inputs: readonly Value[], attributes: Record<string, Attribute> = {}, domain = ""): Value {
    return this.nodes(op, 1, inputs, attributes, domain)[0];
  }

  /** Adds a node with `count` outputs. */
  nodes(
    op: string,
    count: number,
    inputs: readonly Value[],
    attributes: Record<string, Attribute> = {},
    domain = "",
  ): Value[] {
    const outputs = Array.from({ length: count }, () => `v${this.#count++}`);
    this.#nodes.push({ op, inputs, outputs, attributes, domain });
    return outputs;
  }

  /** The elements of `value` as elements of type `type`. */
  cast(value: Value, type: ElementType): Value {
    return this.node("Cast", [value], { to: ELEMENT_TYPES[type] });
  }

  /** A node of ONNX Runtime's own domain. */
  fused(op: string, inputs: readonly Value[], attributes: Record<string, Attribute> = {}): Value {
    return this.node(op, inputs, attributes, MICROSOFT);
  }

  /** A node over the blocked layout. */
  blocked(op: string, inputs: readonly Value[], attributes: Record<string, Attribute> = {}): Value {
    return this.node(op, inputs, attributes, NCHWC);
  }

  /** A constant of any type from its bytes; equal ones are stored once. */
  constant(type: ElementType, shape: readonly number[], bytes: Uint8Array): Value {
    const key = `${type} ${shape} ${bytes.join()}`;
    let constant = this.#constants.get(key);
    if (constant === undefined) {
      constant = { name: `c${this.#constants.size}`, type, shape, bytes };
      this.#constants.set(key, constant);
    }
    return constant.name;
  }

  /** A weight under a name of its own (never merged with an equal one). */
  initializer(name: Value, type: ElementType, shape: readonly number[], bytes: Uint8Array): Value {
    this.#constants.set(name, { name, type, shape, bytes });
    return name;
  }

  /** A 1-D int64 constant, as shapes and axes are. */
  ints(values: readonly number[]): Value {
    return this.constant("int64", [values.length], bytesOf(BigInt64Array.from(values.map(BigInt))));
  }

  /** A scalar constant of element type `type`. */
  scalar(value: number, type: ElementType = "float32"): Value {
    return this.fill([], value, type);
  }

  /** A constant of shape `shape` with every element `value`. */
  fill(shape: readonly number[], value: number, type: ElementType = "float32"): Value {
    return this.values(Array<number>(shape.reduce((a, b) => a * b, 1)).fill(value), shape, type);
  }

  /** A constant with the given elements. */
  values(values: readonly number[], shape: readonly number[], type: ElementType = "float32"): Value {
    return this.constant(type, shape, encodeValues(values, type));
  }

  /** How many nodes compute, and so round what they give. */
  get steps(): number {
    return this.#nodes.filter(({ op }) => !MOVING.has(op)).length;
  }

  /** The model as bytes. */
  finish(): Uint8Array<ArrayBuffer> {
    const graph = new MessageWriter();
    this.#nodes.forEach((node, i) => {
      const onHost = this.#onHost({ op: node.op, outputs: node.outputs.length });
      if (onHost) this.hasHostNodes = true;
      if (onHost && i >= HOST_NODES.length) {
        // Without a name it would run elsewhere, in silence.
        throw new Error(
          `graph: expected at most ${HOST_NODES.length} nodes where some run on the CPU but found more`,
        );
      }
      graph.message(1, nodeMessage(node, onHost ? HOST_NODES[i] : ""));
    });
    for (const constant of this.#constants.values()) graph.message(5, constantMessage(constant));
    for (const { name, type, shape } of this.#inputs) graph.message(11, valueMessage(name, type, shape));
    for (const { name, type } of this.#outputs) graph.message(12, valueMessage(name, type));
    const model = new MessageWriter().int(1, IR_VERSION).string(2, "ebb").message(7, graph);
    const domains = new Set(this.#nodes.map((node) => node.domain).filter((domain) => domain !== ""));
    model.message(8, new MessageWriter().string(1, "").int(2, OPSET));
    for (const domain of domains) model.message(8, new MessageWriter().string(1, domain).int(2, 1));
    return model.finish();
  }
}

/** The bytes under a typed array. */
export function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer as ArrayBuffer, array.byteOffset, array.byteLength);
}

/** Numbers as the bytes of elements of type `type`. */
export function encodeValues(values: readonly number[], type: ElementType): Uint8Array {
  switch (type) {
    case "float32":
      return bytesOf(Float32Array.from(values));
    case "float64":
      return bytesOf(Float64Array.from(values));
    case "float16":
      return bytesOf(Float16Array.from(values));
    case "bfloat16":
      // The upper half of a float32, rounded to nearest.
      return bytesOf(
        Uint16Array.from(
          new Uint32Array(Float32Array.from(values).buffer),
          (b) => (b + 0x7fff + (b >>> 16 & 1)) >>> 16,
        ),
      );
    case "int32":
      return bytesOf(Int32Array.from(values));
    case "int64":
      return bytesOf(BigInt64Array.from(values, (value) => BigInt(value)));
    default:
      return Uint8Array.from(values);
  }
}

function attributeMessage(name: string, value: Attribute): MessageWriter {
  const message = new MessageWriter().string(1, name);
  if (typeof value === "string") return message.bytes(4, new TextEncoder().encode(value)).int(20, 3);
  if (typeof value === "number" && Number.isSafeInteger(value)) return message.int(3, value).int(20, 2);
  if (typeof value === "number") return message.float(2, value).int(20, 1);
  if ("float" in value) return message.float(2, value.float).int(20, 1);
  for (const item of value) message.int(8, item);
  return message.int(20, 7);
}

function nodeMessage(node: NodeProto, name: string): MessageWriter {
  const message = new MessageWriter();
  for (const input of node.inputs) message.string(1, input);
  for (const output of node.outputs) message.string(2, output);
  if (name) message.string(3, name);
  message.string(4, node.op);
  for (const [name, value] of Object.entries(node.attributes)) {
    message.message(5, attributeMessage(name, value));
  }
  if (node.domain) message.string(7, node.domain);
  return message;
}

function constantMessage({ name, type, shape, bytes }: Constant): MessageWriter {
  const message = new MessageWriter();
  for (const size of shape) message.int(1, size);
  return message.int(2, ELEMENT_TYPES[type]).string(8, name).bytes(9, bytes);
}

function valueMessage(name: Value, type: ElementType, shape?: readonly number[]): MessageWriter {
  const tensor = new MessageWriter().int(1, ELEMENT_TYPES[type]);
  if (shape) {
    const dims = new MessageWriter();
    for (const size of shape) dims.message(1, new MessageWriter().int(1, size));
    tensor.message(2, dims);
  }
  return new MessageWriter().string(1, name).message(2, new MessageWriter().message(1, tensor));
}
