// What workers tell the sidecar of requests.

import { decodeObserved } from "../../wire/decode-observed.ts";
import type { Observed } from "../../wire/model.ts";
import type { Rig } from "./rig.ts";

/** Lets so much time pass while the sidecar takes each batch; what they say. */
export function told(rig: Rig, milliseconds: number): Observed[] {
  const from = rig.calls.length;
  let answered = from;
  for (let passed = 0; passed < milliseconds; passed += 10) {
    rig.pass(10);
    for (; answered < rig.calls.length; answered++) rig.calls[answered]!.done(new Uint8Array());
  }
  return rig.calls.slice(from).map(({ message }) => decodeObserved(message));
}
