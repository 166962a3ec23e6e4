// One body after another, made up by a seeded generator, through the reader and through the models of model.ts and
// form-model.ts. What they do not agree on throws an AssertionError that shows the body.

import assert from "node:assert/strict";
import { damage, makeBody, makePieces } from "./bodies.ts";
import { formFindingsOf } from "./form-model.ts";
import { makeForm } from "./forms.ts";
import { findingsOf } from "./model.ts";
import type { BodyModule, Findings } from "./module.ts";

const BLOCKS = [1, 3, 4, 8, 16, 33, 64, 256, 4096];
const MAXIMA = [0, 1, 2, 7, 64, 4096];
const RUBBISH = '{}[]",:\\u0019e+-. \ntruefalsnd\u0000é';

type Random = () => number;

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** What does not depend on decoded text, in which the reader lets invalid UTF-8 pass and JSON.parse never sees it. */
function withoutTexts({ status, stream, includeUsage, maxTokens, promptBytes, images, blocks }: Findings) {
  return { status, stream, includeUsage, maxTokens, promptBytes, images, blocks: blocks.length };
}

function compare(module: BodyModule, random: Random, bytes: Uint8Array): Findings {
  const blockBytes = BLOCKS[Math.floor(random() * BLOCKS.length)]!;
  const maxBlocks = MAXIMA[Math.floor(random() * MAXIMA.length)]!;
  const pieces = makePieces(random, bytes.length);
  const expected = findingsOf(bytes, blockBytes, maxBlocks);
  const actual = module.read(bytes, { blockBytes, maxBlocks, pieces });
  const about = () =>
    `${JSON.stringify(Buffer.from(bytes).toString("latin1"))} in blocks of ${blockBytes}, pieces ${pieces}`;
  if (isUtf8(bytes)) agree(actual, expected, about);
  else agree(withoutTexts(actual), withoutTexts(expected), about);
  return actual;
}

// The text about a body costs more than reading it, so it is made only where it is shown.
function agree(actual: unknown, expected: unknown, about: () => string): void {
  try {
    assert.deepEqual(actual, expected);
  } catch (error) {
    throw new assert.AssertionError({ message: `${about()}: ${(error as Error).message}`, actual, expected });
  }
}

/** A JSON object as a client may send it, or nearly. */
export function wellFormed(module: BodyModule, random: Random, body = makeBody(random)): Findings {
  return compare(module, random, body);
}

/** The same with a few bytes changed; some are whole nevertheless. */
export function damaged(module: BodyModule, random: Random, body = makeBody(random)): Findings {
  return compare(module, random, damage(random, body));
}

/** A few characters that mean something in JSON. */
export function rubbish(module: BodyModule, random: Random): Findings {
  const characters = Array.from({ length: 1 + Math.floor(random() * 12) }, () => {
    return RUBBISH[Math.floor(random() * RUBBISH.length)]!;
  });
  return compare(module, random, new TextEncoder().encode((random() < 0.8 ? "{" : "") + characters.join("")));
}

/** A form, one in three of them damaged: what is found, and where models lie. */
export function form(module: BodyModule, random: Random): Findings {
  const { bytes, boundary } = makeForm(random);
  const pieces = makePieces(random, bytes.length);
  const { findings: expected, values } = formFindingsOf(bytes, boundary);
  const actual = module.read(bytes, { blockBytes: 1, maxBlocks: 0, pieces, boundary });
  const about = () => `${JSON.stringify(Buffer.from(bytes).toString("latin1"))} by ${boundary}, pieces ${pieces}`;
  const decoded = isUtf8(bytes);
  agree({ ...actual, model: decoded && actual.model }, { ...expected, model: decoded && expected.model }, about);
  let left = bytes.length;
  const clipped = pieces.map((piece) => {
    const length = Math.min(piece, left);
    left -= length;
    return length;
  });
  agree(module.modelValues(bytes, clipped, boundary).values, values, about);
  return actual;
}
