import { setAdapter } from "../../../assembly/schedule/inputs.ts";
import { scoreLoraAffinity } from "../../../assembly/schedule/scorers/lora-affinity.ts";
import { xxh64 } from "../../../assembly/hash/xxh64.ts";
import { golden } from "../golden.ts";
import { add, begin, expectTotals } from "./rows.ts";

// Rows (running | waiting | slots): sql chat | code | 4; sql | code | 2; code | sql | 2; chat | - | 1; - | - | 0;
// - | sql | 0; chat | - | 2.
const frame = golden("load-adapters");

function ask(name: string): void {
  begin();
  const bytes = String.UTF8.encode(name);
  setAdapter(xxh64(changetype<usize>(bytes), bytes.byteLength));
  for (let i = 0; i < 7; i++) add();
}

describe("the lora-affinity-scorer", () => {
  it("gives 1 where the adapter runs, 0.8 with room, 0.6 where it waits, else 0", () => {
    ask("sql-lora");
    scoreLoraAffinity(1, frame.at);
    expectTotals([1, 1, 0.6, 0, 0, 0.6, 0.8]);
    ask("code-lora");
    scoreLoraAffinity(1, frame.at);
    expectTotals([0.8, 0.6, 1, 0, 0, 0, 0.8]);
  });

  it("gives room or nothing for an adapter that nobody has, by its weight", () => {
    ask("other");
    scoreLoraAffinity(2, frame.at);
    expectTotals([1.6, 0, 0, 0, 0, 0, 1.6]);
  });

  it("does nothing where there is no candidate", () => {
    begin();
    scoreLoraAffinity(1, frame.at);
    expectTotals([]);
  });
});
