// `npm run fuzz [-- BODIES [SEED]]`: the reader of request bodies against the models, on 5 million bodies unless told
// otherwise. Without a seed it takes one by the clock; what it says repeats the run.

import process from "node:process";
import { runMain, Trouble } from "../../scripts/trouble.ts";
import { createRandom } from "../../simulator/random.ts";
import { makeBody } from "./bodies.ts";
import { BodyModule } from "./module.ts";
import { damaged, form, rubbish, wellFormed } from "./rounds.ts";

const BODIES = 5_000_000;
const REPORTED = 250_000;
/** Of ten bodies one is made up and seven are what becomes of it by damage, which costs far less to make. */
const ROUNDS = [wellFormed, damaged, damaged, damaged, damaged, damaged, damaged, damaged, form, rubbish];

function wholeNumber(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  if (!/^\d{1,10}$/.test(text))
    throw new Trouble(`usage: npm run fuzz [-- BODIES [SEED]]; "${text}" is no whole number`);
  return Number(text);
}

await runMain(async () => {
  const bodies = wholeNumber(process.argv[2], BODIES);
  const seed = wholeNumber(process.argv[3], Date.now() % 2 ** 32);
  const module = await BodyModule.start();
  const random = createRandom(seed);
  let body = makeBody(random);
  console.log(`${bodies} bodies, seed ${seed}`);
  for (let done = 1; done <= bodies; done++) {
    const round = done % ROUNDS.length;
    if (round === 0) body = makeBody(random);
    try {
      ROUNDS[round]!(module, random, body);
    } catch (error) {
      throw new Trouble(`body ${done} of seed ${seed}: ${(error as Error).message}`);
    }
    if (done % REPORTED === 0 || done === bodies) console.log(`${done} bodies, no disagreement`);
  }
});
