// Why requests go where they go: the filter itself is asked, with what the sidecar knows.

import { explain, type Question } from "../explain/explain.ts";
import { type Explanation, limited } from "../explain/explanation.ts";
import { droppedBy, outcome, pickerOf, type Unconsidered, unconsidered } from "../explain/judge.ts";
import { pluginNames } from "../explain/names.ts";
import type { PlannedPool, SnapshotPlan, SnapshotPool } from "../explain/snapshot.ts";
import { endpointKey } from "../state/endpoint-key.ts";
import { readExplanation } from "../tracing/read-explanation.ts";
import { Allowance } from "./allowance.ts";
import type { Moment } from "./history.ts";
import { afterAdmission, playedBack } from "./play-back.ts";
import { type KnownRequest, keyText } from "./recent-requests.ts";

/** Endpoints that are told of in each list. */
const SHOWN = 20;
/** Milliseconds for which an answer about a new prompt stands. */
const STANDS_FOR = 5000;
/** An answer takes the sidecar a part of a second: so many are made at once, and per second, over all who look. */
const AT_ONCE = 6;
const PER_SECOND = 2;
/** Digits that a person wants to see of a difference between totals. */
const DIGITS = 3;
const LONG_FIGURE = /^-?\d+\.\d{4,}$/;
const PROMPT = "A prompt that no endpoint has seen.";

/** What a profile came to, in words. Endpoints go by their names. */
export interface ProfileWords {
  readonly name: string;
  /** `picked ns/pod-1: 0.25 ahead of ns/pod-2` */
  readonly outcome: string;
  readonly dropped: readonly { readonly filter: string; readonly endpoints: readonly string[]; readonly all: number }[];
}

/** What /why.json says. */
export interface WhyAnswer {
  /** Null: no endpoint was looked for. */
  readonly explanation: Explanation | null;
  /** Type of each plugin of the plan, by its name. */
  readonly types: Readonly<Record<string, string>>;
  readonly profiles: readonly ProfileWords[];
  /** Endpoints that there was no choosing from, by name. */
  readonly notConsidered: { readonly endpoints: readonly Unconsidered[]; readonly all: number };
  /** Addresses, the destination first. */
  readonly destinations: readonly string[];
  /** The filter's own answer, where no endpoint gets the request; null: one does. */
  readonly refusal: string | null;
  /** Whether it would wait for the pool first; all else is what becomes of it then. */
  readonly waits: boolean;
  /** Whether this is what the gateway itself has told of its decision. */
  readonly told: boolean;
  /**
   * Milliseconds by which the state that was gone by is older than the decision; null: it is the state now. Of no meaning
   * where it is told.
   */
  readonly before: number | null;
}

/** What explanations are made from. */
export interface WhySources {
  /** Gives the filter. */
  readonly module: () => WebAssembly.Module;
  /** A pool now; undefined: there is none, or not yet. */
  readonly state: (pool: string) => PlannedPool | undefined;
  /** A pool as it was at a monotonic time; undefined: nobody was looking then. */
  readonly past: (pool: string, time: number) => Moment | undefined;
  /** Which model a new prompt asks for. */
  readonly model: (pool: string) => string;
  readonly request: (pool: string, id: number) => KnownRequest | undefined;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** Too much is asked; an answer can be had a little later. */
export class Busy extends Error {}

/** Explains choices. */
export class Why {
  readonly #sources: WhySources;
  readonly #allowance = new Allowance(AT_ONCE, PER_SECOND);
  readonly #answers = new Map<string, { readonly at: number; readonly text: string }>();
  /** Answers about requests, for as long as those are known. */
  readonly #requests = new WeakMap<KnownRequest, string>();

  constructor(sources: WhySources) {
    this.#sources = sources;
  }

  /**
   * JSON of why a new prompt would go where it would go now; undefined where there is no such pool.
   * @throws Busy where too much is asked; and what explain throws.
   */
  pool(name: string): string | undefined {
    const now = this.#sources.now();
    for (const [pool, { at }] of this.#answers) if (now - at >= STANDS_FOR) this.#answers.delete(pool);
    const known = this.#answers.get(name);
    if (known !== undefined) return known.text;
    this.#take(now);
    const pool = this.#sources.state(name);
    if (pool === undefined) return undefined;
    const body = new TextEncoder().encode(JSON.stringify({ model: this.#sources.model(name), prompt: PROMPT }));
    const text = JSON.stringify(this.#ask({ pool, plan: pool.plan, body, headers: [] }, null));
    this.#answers.set(name, { at: now, text });
    return text;
  }

  /**
   * JSON of why a request went where it went, as far as that can be known: the filter decides one like it anew, with the
   * state of just before, or with that of now where nobody was looking. Undefined where it is not known, or no more.
   * @throws Busy where too much is asked; and what explain throws.
   */
  request(name: string, id: number): string | undefined {
    const { request, past, state, now } = this.#sources;
    const known = request(name, id);
    if (known === undefined) return undefined;
    const answered = this.#requests.get(known);
    if (answered !== undefined) return answered;
    this.#take(now());
    const moment = past(name, known.decidedAt);
    const pool = moment?.pool ?? state(name);
    if (pool === undefined) return undefined;
    const text = JSON.stringify(told(known, pool) ?? this.#playedBack(known, pool, moment));
    this.#requests.set(known, text);
    return text;
  }

  #playedBack(known: KnownRequest, pool: PlannedPool, moment: Moment | undefined): WhyAnswer {
    const served = pool.endpoints.find(({ endpoint }) => keyText(endpointKey(endpoint)) === known.request.endpoint);
    const address = served?.endpoint.address;
    const before = moment === undefined ? null : known.decidedAt - moment.at;
    return this.#ask(playedBack(known, pool, address), before, address);
  }

  /** Before anything is made: of large pools the state alone takes milliseconds. */
  #take(now: number): void {
    if (!this.#allowance.take(now)) throw new Busy("many are asking for explanations; ask again in a second");
  }

  #ask(question: Omit<Question, "journals" | "seed">, before: number | null, also?: string): WhyAnswer {
    const { pool, plan } = question;
    const answer = explain(this.#sources.module(), { ...question, journals: [], seed: 1 });
    const { explanation, destinations, refusal, waits } = answer;
    if (waits) return { ...this.#ask({ ...question, plan: afterAdmission(plan) }, before, also), waits };
    return {
      told: false,
      explanation: explanation === undefined ? null : limited(explanation, SHOWN, also),
      types: typesOf(plan),
      ...inWords(pool, plan, explanation),
      destinations,
      refusal: refusal?.body ?? null,
      waits,
      before,
    };
  }
}

function typesOf({ profiles }: SnapshotPlan): WhyAnswer["types"] {
  const steps = profiles.flatMap(({ steps }) => steps);
  return Object.fromEntries(steps.map(({ name, plugin }) => [name, pluginNames.name(plugin)]));
}

/** What a gateway has told of a request's decision; undefined where it has told nothing that can be shown. */
function told({ explanation, request }: KnownRequest, pool: PlannedPool): WhyAnswer | undefined {
  const read = readExplanation(explanation);
  try {
    return read && asTold(read, pool, request.endpoint);
  } catch {
    return undefined; // of a form that only the gateway's version knows
  }
}

/**
 * What a gateway has told of a decision. It lists the best endpoints alone, so nothing is said that goes by all of them.
 * @param pool as it was about then; `served` the key of who served.
 */
function asTold(explanation: Explanation, pool: PlannedPool, served: string | undefined): WhyAnswer {
  const keys = new Map(pool.endpoints.map(({ endpoint }) => [endpoint.address, keyText(endpointKey(endpoint))]));
  const steps = explanation.profiles.flatMap(({ steps }) => steps);
  const picks = steps.flatMap((step) => ("picker" in step ? step.picks : []));
  const destination = picks.find((address) => keys.get(address) === served) ?? picks[0];
  const words = inWords(pool, pool.plan, explanation);
  const isWhole = explanation.profiles.every(({ endpoints, candidates }) => endpoints.length === candidates);
  const names = new Map(pool.endpoints.map(({ endpoint }) => [endpoint.address, endpoint.name]));
  const profiles = words.profiles.map((profile, index) => {
    const [picked] = pickerOf(explanation.profiles[index]!).picks;
    return picked === undefined ? profile : { ...profile, outcome: `picked ${names.get(picked) ?? picked}` };
  });
  return {
    ...{ told: true, before: null, waits: false, refusal: null },
    explanation: limited(explanation, SHOWN, destination),
    types: typesOf(pool.plan),
    ...(isWhole ? words : { profiles, notConsidered: { endpoints: [], all: 0 } }),
    destinations: destination === undefined ? [] : [destination],
  };
}

function inWords(
  pool: SnapshotPool,
  plan: SnapshotPlan,
  explanation: Explanation | undefined,
): Pick<WhyAnswer, "profiles" | "notConsidered"> {
  const names = new Map(pool.endpoints.map(({ endpoint }) => [endpoint.address, endpoint.name]));
  const nameOf = (address: string) => names.get(address) ?? address;
  // Addresses stand in sentences as words, the first with a colon behind it.
  const named = (text: string) =>
    text.replaceAll(/\S+/g, (word) => {
      if (LONG_FIGURE.test(word)) return String(Number(Number(word).toPrecision(DIGITS)));
      return names.get(word) ?? word.replace(/^(.*):$/, (_, start) => `${nameOf(start)}:`);
    });
  const profiles = explanation?.profiles ?? [];
  const aside = explanation === undefined ? [] : unconsidered(pool, profiles[0]);
  return {
    profiles: profiles.map((profile) => ({
      name: profile.name,
      outcome: named(outcome(plan, profile)),
      dropped: droppedBy(profile).map(({ filter, addresses }) => ({
        filter,
        endpoints: addresses.slice(0, SHOWN).map(nameOf),
        all: addresses.length,
      })),
    })),
    notConsidered: {
      endpoints: aside.slice(0, SHOWN).map(({ address, why }) => ({ address: nameOf(address), why })),
      all: aside.length,
    },
  };
}
