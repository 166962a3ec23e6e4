// A unary call to the sidecar: one at a time, and nobody waits for it.

import * as host from "../abi/host.ts";
import { Text, text } from "../text/text.ts";
import { grpcService } from "./grpc-service.ts";

const SERVICE = text("inlineepp.v1.State");
/** Milliseconds that a call may take by Envoy's clock, and microseconds after which it is given up by ours. */
const TIMEOUT_MS: u32 = 5000;
const GIVEN_UP_AFTER: u64 = 6_000_000;

@final
export class UnaryCall {
  private service: Text;
  private method: Text;
  private caller: u32 = 0;
  private token: u32 = 0;
  /** When the last call was made, in microseconds; 0: none was. */
  at: u64 = 0;

  constructor(cluster: Text, authority: Text, method: Text) {
    this.service = grpcService(cluster, authority);
    this.method = method;
  }

  /** Whether a call is under way. */
  @inline
  get waits(): bool {
    return this.token != 0;
  }

  /** Makes a call; `id` is the root in whose context this runs. False: it cannot be made. */
  make(id: u32, frame: usize, length: u32, now: u64): bool {
    this.at = now;
    this.caller = id;
    this.token = host.callUnary(this.service, SERVICE, this.method, frame, length, TIMEOUT_MS);
    return this.token != 0;
  }

  /** Whether the call under way has had its time. */
  isOverdue(now: u64): bool {
    return this.token != 0 && now - this.at > GIVEN_UP_AFTER;
  }

  /** Whether a token is that of the call under way. Two roots may have calls of the same token. */
  owns(id: u32, token: u32): bool {
    return this.token != 0 && this.token == token && this.caller == id;
  }

  /** Whether the call under way goes with this root. */
  isOf(id: u32): bool {
    return this.token != 0 && this.caller == id;
  }

  /** The call is over, whatever way. */
  end(): void {
    this.token = 0;
  }
}
