import { setSession } from "../../../assembly/schedule/inputs.ts";
import { hashName } from "../../../assembly/schedule/labels.ts";
import { scoreSessionAffinity } from "../../../assembly/schedule/scorers/session-affinity.ts";
import { sessionOf } from "../../../assembly/schedule/session.ts";
import { golden } from "../golden.ts";
import { add, begin, expectTotals } from "./rows.ts";

// default/vllm-0, default/sglang-0, default/triton-0
const roster = golden("roster-three");
const names = heap.alloc(24);
for (let row: u32 = 0; row < 3; row++) store<u64>(names + (row << 3), hashName(roster.at, row));

let header: ArrayBuffer = new ArrayBuffer(0);

function ask(value: string): void {
  begin();
  header = String.UTF8.encode(value);
  setSession(sessionOf(changetype<usize>(header), header.byteLength));
  for (let i = 0; i < 3; i++) add();
  scoreSessionAffinity(2, names);
}

describe("the session-affinity-scorer", () => {
  it("gives 1 to the endpoint whose name the header holds in base64", () => {
    ask("ZGVmYXVsdC92bGxtLTA=");
    expectTotals([2, 0, 0]);
    ask("ZGVmYXVsdC9zZ2xhbmctMA==");
    expectTotals([0, 2, 0]);
    ask("ZGVmYXVsdC90cml0b24tMA==");
    expectTotals([0, 0, 2]);
  });

  it("gives 0 to all for an endpoint that is gone, for text that is no base64, for one that is too long", () => {
    const values = [
      "ZGVmYXVsdC92bGxtLTE=", "default/vllm-0", "ZGVmYXVsdC92bGxtLTA", "ZGVmYXVsdC92bGxtLTA==", "====",
      "ZGVmYXVsdC92bGxtLTA=\0", "A".repeat(2000),
    ];
    for (let i = 0; i < values.length; i++) {
      ask(values[i]);
      expectTotals([0, 0, 0]);
    }
  });

  it("gives 0 to all without the header", () => {
    ask("");
    expectTotals([0, 0, 0]);
    begin();
    scoreSessionAffinity(1, names);
    expectTotals([]);
  });
});
