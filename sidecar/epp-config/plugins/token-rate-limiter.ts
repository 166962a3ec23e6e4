import type { PlanLimit } from "../../../wire/model.ts";
import { parseDuration } from "../../support/duration.ts";
import { flag, listOf, type Place, type Reader, show, taking } from "../../support/fields.ts";
import { quantity, quantityValue, someDuration, word } from "../readers.ts";
import { optional, record, required, type Values, withDefault } from "../shape.ts";
import { plugin } from "./plugin.ts";

/** Microseconds of a millisecond. */
const US = 1000;
/** What a header's name may be made of: RFC 9110, 5.6.2. */
const HEADER = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

const A_HEADER = "the name of a request header, such as x-api-key";
const header: Reader<string> = taking(A_HEADER, (value, place) => {
  const name = word(value, place);
  if (name === undefined) return undefined;
  return HEADER.test(name) ? name.toLowerCase() : place.expect(A_HEADER, name);
});

const atLeastOne = taking(`${quantity.takes?.text}, at least 1`, (value: unknown, place: Place) => {
  const written = quantity(value, place);
  if (written === undefined || quantityValue(written) >= 1) return written;
  return place.expect("at least 1; for less per second take a longer `per`", written);
});

const LIMIT = {
  name: required("what it is called, in metrics and answers", word),
  models: withDefault("models that it is for; none: all", listOf(word), []),
  perModel: withDefault("each model has a budget of its own", flag, true),
  key: optional(
    "what tells clients apart; left out: one budget for all",
    record({ header: required("the header whose value does", header) }),
  ),
  requests: optional("how many requests", atLeastOne),
  tokens: optional("how many tokens, of prompts and answers", atLeastOne),
  per: required("the time in which so many may come", someDuration),
  burst: optional("time whose budget may be spent at once; left out as `per`", someDuration),
};
type Limit = Values<typeof LIMIT>;

function microseconds(written: string): number {
  return (parseDuration(written) ?? 0) * US;
}

function checkBurst({ requests, tokens, per, burst }: Limit, place: Place): void {
  if (burst === undefined || per === undefined) return;
  for (const [what, written] of Object.entries({ requests, tokens })) {
    if (written === undefined) continue;
    const most = (quantityValue(written) * microseconds(burst)) / microseconds(per);
    if (most >= 1) continue;
    const least = `${Math.ceil(microseconds(per) / US / quantityValue(written))}ms`;
    place.at("burst").refuse(`${written} ${what} per ${per} are less than one in ${burst}; make it at least ${least}`);
  }
}

const asLimit = record(LIMIT);
const readLimit: Reader<Limit> = taking(asLimit.takes!, (value, place) => {
  const limit = asLimit(value, place);
  if (limit === undefined) return undefined;
  const fields = value as { requests?: unknown; tokens?: unknown } | null;
  if ((fields?.requests ?? fields?.tokens ?? undefined) === undefined) {
    place.refuse("limits nothing; set requests, tokens or both");
  }
  checkBurst(limit, place);
  return limit;
});

function planLimit({ name, models, perModel, key, requests = 0, tokens = 0, per, burst = per }: Limit): PlanLimit {
  return {
    name,
    models,
    header: key?.header ?? "",
    perModel,
    requests: quantityValue(requests),
    tokens: quantityValue(tokens),
    per: microseconds(per),
    burst: microseconds(burst),
  };
}

/** Rate limits. */
export const tokenRateLimiter = plugin({
  type: "token-rate-limiter",
  about: "Limits the requests and tokens of each client and model in a time.",
  own: true,
  stage: "rate limiter",
  shape: { limits: required("one or more; a request goes on where all that are for it have room", listOf(readLimit)) },
  check(values, place) {
    const { limits } = values;
    const at = place.at("limits");
    if (limits?.length === 0) at.refuse("must have at least one limit");
    const seen = new Map<string, number>();
    for (const [index, { name }] of (limits ?? []).entries()) {
      if (name === undefined) continue;
      const other = seen.get(name);
      if (other !== undefined)
        at.at(index)
          .at("name")
          .refuse(`${show(name)} is already the name of limits[${other}]`);
      else seen.set(name, index);
    }
    return values;
  },
  // What has been refused already may lack what it must have.
  limits: ({ limits }) =>
    (limits ?? []).filter(({ name, per }) => name !== undefined && per !== undefined).map(planLimit),
});
