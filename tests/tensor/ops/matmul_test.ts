import * as ebb from "../../../mod.ts";
import { checkOp } from "../check_op.ts";

checkOp("matmul", (a, b) => ebb.matmul(a, b));
