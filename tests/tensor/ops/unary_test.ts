import * as ebb from "../../../mod.ts";
import { checkOp } from "../check_op.ts";

checkOp("relu", (x) => ebb.relu(x));
checkOp("square", (x) => ebb.square(x));
