import * as ebb from "../../../mod.ts";
import { checkOp } from "../check_op.ts";

checkOp("reshape", (x, o) => ebb.reshape(x, o.shape));
checkOp("flatten", (x, o) => ebb.flatten(x, o.start, o.end));
checkOp("squeeze", (x, o) => ebb.squeeze(x, o.axis));
checkOp("unsqueeze", (x, o) => ebb.unsqueeze(x, o.axis));
checkOp("expand", (x, o) => ebb.expand(x, o.shape));
