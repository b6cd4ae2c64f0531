import * as ebb from "../../../mod.ts";
import { checkOp } from "../check_op.ts";

// The running statistics are written over: they are looked at as outputs.
checkOp(
  "batchNorm",
  (x, w, b, mean, variance, o) =>
    [ebb.batchNorm(x, w, b, mean, variance, o), mean, variance].filter((tensor) => tensor !== null),
  // Sums over each image are rounded to half precision before they are added up.
  { slack: 3 },
);
