import * as ebb from "../../mod.ts";
import { testDevice } from "./suite.ts";

const info = ebb.devices().find(({ kind }) => kind === "webgpu")!;

testDevice({ kind: "webgpu", open: (options) => ebb.webgpu(options), missing: info.reason });
