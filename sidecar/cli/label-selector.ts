// A label selector as the API takes it. The API server reads it again; what it would refuse is refused here first,
// because a watch that is refused looks like an API server in trouble.

import { reading } from "./values.ts";

const NAME = "[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?";
const KEY = `([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?${NAME}`;
const VALUE = `(${NAME})?`;
const VALUES = `\\(\\s*${VALUE}(\\s*,\\s*${VALUE})*\\s*\\)`;

/** `key`, `!key`, `key=value`, `key in (a,b)` and their like. */
const REQUIREMENT = new RegExp(
  `^(!\\s*${KEY}|${KEY}(\\s*(=|==|!=)\\s*${VALUE}|\\s+(in|notin)\\s*${VALUES}|\\s*[<>]\\s*-?\\d+)?)$`,
);

/** Cut at the commas that stand in no parentheses. */
const COMMA = /,(?![^(]*\))/;

/** A reader of label selectors; `app=vllm,tier in (a,b)` stays as it is written. */
export const labelSelector = reading(
  "a label selector such as 'app=vllm', 'app=vllm,env in (prod,staging)' or 'key,!other'",
  (text) => {
    const requirements = text.split(COMMA).map((requirement) => requirement.trim());
    return requirements.every((requirement) => REQUIREMENT.test(requirement)) ? requirements.join(",") : undefined;
  },
);
