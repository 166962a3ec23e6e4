// Shells that are on PATH, typed at as a person would; `npm run test:shells` installs those that are missing.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { findProgram } from "../../../scripts/testing/system-programs.ts";
import { makePlace, type Place, SHELLS } from "./shells.ts";

const COMMANDS = ["check", "completion", "explain", "help", "serve", "simulate", "top", "version"];
const LEVELS = ["debug", "error", "info", "silent", "trace", "warn"];

/** A line, and the words that are on it once its last one is completed in every way. */
const LINES: readonly (readonly [line: string, words: readonly string[]])[] = [
  ["inline-epp ", COMMANDS],
  ["inline-epp s", ["serve", "simulate"]],
  ["inline-epp serve --log-", ["serve", "--log-format", "--log-level"]],
  ["inline-epp serve --log-level ", ["serve", "--log-level", ...LEVELS]],
  ["inline-epp serve --log-level t", ["serve", "--log-level", "trace"]],
  ["inline-epp --log-level t", ["--log-level", "trace"]],
  ["inline-epp serve --zap-encoder c", ["serve", "--zap-encoder", "console"]],
  // Behind a flag that takes no value, and one whose value may be left out.
  ["inline-epp top --once --output j", ["top", "--once", "--output", "json"]],
  ["inline-epp serve --all-namespaces --log-f", ["serve", "--all-namespaces", "--log-format"]],
  ["inline-epp simulate --policy ", ["simulate", "--policy", "config", "least-request", "random", "round-robin"]],
  // Files and folders; a name with a space stays one word.
  ["inline-epp serve --config-file a", ["serve", "--config-file", "a.yaml"]],
  ["inline-epp serve --config-file b", ["serve", "--config-file", "b b.json"]],
  ["inline-epp serve --cert-path ", ["serve", "--cert-path", "certs/"]],
  ["inline-epp check a", ["check", "a.yaml"]],
  ["inline-epp check --output y", ["check", "--output", "yaml"]],
  ["inline-epp completion ", ["completion", "bash", "fish", "zsh"]],
  ["inline-epp help ex", ["help", "explain"]],
];

/** Values behind "=", which each shell shows in its own way: the last word, and what it becomes. */
const EQUALS: readonly (readonly [line: string, word: string])[] = [
  ["inline-epp serve --log-level=t", "--log-level=trace"],
  ["inline-epp serve --all-namespaces=f", "--all-namespaces=false"],
];

/** Where nothing can be known: the word stays as it is. */
const NOTHING = ["inline-epp serve --grpc-port ", "inline-epp nosuch "];

for (const [shell, complete] of Object.entries(SHELLS)) {
  describe(shell, { skip: findProgram(shell) === null && `${shell} is not on PATH` }, () => {
    let place: Place;
    before(async () => {
      place = await makePlace();
    });
    after(() => place.remove());

    for (const [line, words] of LINES) {
      test(JSON.stringify(line), async () => {
        const several = words.length >= line.split(" ").length;
        assert.deepEqual(await complete(place, line, several), words.toSorted());
      });
    }

    for (const [line, word] of EQUALS) {
      test(JSON.stringify(line), async () => {
        assert.ok((await complete(place, line, false)).includes(word));
      });
    }

    for (const line of NOTHING) {
      test(`${JSON.stringify(line)} is left alone`, async () => {
        assert.deepEqual(await complete(place, line, true), line.trim().split(" ").slice(1).toSorted());
      });
    }
  });
}
