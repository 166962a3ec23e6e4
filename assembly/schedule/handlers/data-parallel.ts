import { HANDLER_SINGLE } from "../../../wire/layout.ts";
import { handlerParameter, planHandler } from "../../wire/plan.ts";

const PRIMARY_PORT: u32 = 7;

/**
 * data-parallel-profile-handler: the picked rank's address goes out in a header, and the request to the port of its
 * pod that distributes it. Returns that port, primaryPort; 0 where requests go to the picked address itself. The
 * disagg-profile-handler may have one too.
 */
export function primaryPort(plan: usize): u32 {
  if (planHandler(plan) == u32(HANDLER_SINGLE)) return 0;
  const port = handlerParameter(plan, PRIMARY_PORT);
  return port >= 1 && port <= 65535 ? u32(port) : 0;
}
