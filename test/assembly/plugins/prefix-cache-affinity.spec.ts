import { candidates, setCandidateTtft } from "../../../assembly/schedule/candidates.ts";
import { filterByPrefixCacheAffinity } from "../../../assembly/schedule/filters/prefix-cache-affinity.ts";
import { setPrompt } from "../../../assembly/schedule/inputs.ts";
import { seedRandom } from "../../../assembly/schedule/random.ts";
import { addMatched, begin, expectLeft, slotOf } from "./rows.ts";

const THROUGHPUT: f64 = 0;
const PREDICTED: f64 = 1;

// Candidates that hold so many of 10 blocks.
function holding(blocks: u32[]): void {
  begin();
  setPrompt(640, 10, 64);
  addMatched(blocks);
}

function tokens(counts: u32[]): void {
  for (let i = 0; i < counts.length; i++) slotOf(i).ownTokens = counts[i];
}

function ttfts(times: f64[]): void {
  for (let i = 0; i < times.length; i++) setCandidateTtft(i, times[i]);
}

describe("the prefix-cache-affinity-filter", () => {
  it("keeps those that hold the threshold's share or more", () => {
    holding([7, 8, 10, 0]);
    filterByPrefixCacheAffinity(0.8, 0, 0, THROUGHPUT, 0);
    expectLeft("1 2");
    holding([8, 9]);
    filterByPrefixCacheAffinity(0.8, 0, 100, THROUGHPUT, 1000);
    expectLeft("0 1");
  });

  it("keeps all where none does, or the prompt has no blocks", () => {
    holding([7, 0, 3]);
    filterByPrefixCacheAffinity(0.8, 0, 0, THROUGHPUT, 0);
    expectLeft("0 1 2");
    begin();
    addMatched([3, 0]);
    filterByPrefixCacheAffinity(0.8, 0, 0, THROUGHPUT, 0);
    expectLeft("0 1");
  });

  it("keeps all with a threshold of 0, and one or none as it is", () => {
    holding([10, 0]);
    filterByPrefixCacheAffinity(0, 0, 0, THROUGHPUT, 0);
    expectLeft("0 1");
    holding([0]);
    filterByPrefixCacheAffinity(0.8, 0, 0, THROUGHPUT, 0);
    expectLeft("0");
    holding([]);
    filterByPrefixCacheAffinity(0.8, 0, 0, THROUGHPUT, 0);
    expectLeft("");
  });

  it("keeps all where the best sticky one is slower than the best other by more than the penalty", () => {
    // At 1,000 tokens a second: sticky ones 9 s and 6 s, others 4 s and 1 s. 5 s apart.
    holding([9, 9, 1, 0]);
    tokens([9000, 6000, 4000, 1000]);
    filterByPrefixCacheAffinity(0.8, 0, 5000, THROUGHPUT, 1000);
    expectLeft("0 1");
    holding([9, 9, 1, 0]);
    tokens([9000, 6001, 4000, 1000]);
    filterByPrefixCacheAffinity(0.8, 0, 5000, THROUGHPUT, 1000);
    expectLeft("0 1 2 3");
    holding([9, 0]);
    tokens([1000000, 0]);
    filterByPrefixCacheAffinity(0.8, 0, 0, THROUGHPUT, 1000);
    expectLeft("0");
  });

  it("may go by predicted times", () => {
    holding([9, 0, 0]);
    ttfts([800, 500, 400]);
    filterByPrefixCacheAffinity(0.8, 0, 400, PREDICTED, 0);
    expectLeft("0");
    holding([9, 0, 0]);
    ttfts([800.5, 500, 400]);
    filterByPrefixCacheAffinity(0.8, 0, 400, PREDICTED, 0);
    expectLeft("0 1 2");
  });

  it("takes a time that is not predicted as never the best", () => {
    holding([9, 0]);
    filterByPrefixCacheAffinity(0.8, 0, 400, PREDICTED, 0);
    expectLeft("0");
    holding([9, 9, 0, 0]);
    ttfts([NaN, 300, NaN, 100]);
    filterByPrefixCacheAffinity(0.8, 0, 400, PREDICTED, 0);
    expectLeft("0 1");
    holding([9, 0]);
    ttfts([NaN, 100]);
    filterByPrefixCacheAffinity(0.8, 0, 400, PREDICTED, 0);
    expectLeft("0 1");
    holding([9, 0]);
    ttfts([100, NaN]);
    filterByPrefixCacheAffinity(0.8, 0, 400, PREDICTED, 0);
    expectLeft("0");
  });

  it("keeps all with the probability of exploration", () => {
    seedRandom(11);
    let all = 0;
    for (let i = 0; i < 20000; i++) {
      holding([9, 0]);
      filterByPrefixCacheAffinity(0.8, 0.25, 0, THROUGHPUT, 0);
      if (candidates() == 2) all++;
    }
    expect(abs(all - 5000)).toBeLessThan(250);
    holding([9, 0]);
    filterByPrefixCacheAffinity(0.8, 1, 0, THROUGHPUT, 0);
    expectLeft("0 1");
  });
});
