import * as ebb from "../../mod.ts";
import { testDevice } from "./suite.ts";

testDevice({ kind: "cpu", open: (options) => ebb.cpu(options) });
