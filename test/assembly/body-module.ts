// Entry of the module that test/body and the benchmark run: the reader of request bodies alone.

import {
  Body,
  bodyBlocksAt,
  bodyModelAt,
  endBody,
  feedBody,
  releaseBody,
  takeBody,
  takeForm,
} from "../../assembly/body/body.ts";
import {
  inModelValue,
  modelValueFrom,
  modelValueHash,
  modelValues as values,
  modelValueTo,
  openModelValueFrom,
} from "../../assembly/body/model-values.ts";
import { giveBlock, takeBlock } from "../../assembly/memory/blocks.ts";

export { bodyBlocksAt, bodyModelAt, endBody, feedBody, giveBlock, releaseBody, takeBlock, takeBody, takeForm };

export { inModelValue, modelValueFrom, modelValueHash, modelValueTo, openModelValueFrom };

export function modelValues(): u32 {
  return values;
}
export function status(body: Body): u32 {
  return body.status;
}
export function stream(body: Body): bool {
  return body.stream;
}
export function includeUsage(body: Body): bool {
  return body.includeUsage;
}
export function modelHash(body: Body): u64 {
  return body.modelHash;
}
export function saltHash(body: Body): u64 {
  return body.saltHash;
}
export function userHash(body: Body): u64 {
  return body.userHash;
}
export function modelLength(body: Body): u32 {
  return body.modelLength;
}
export function maxTokens(body: Body): u32 {
  return body.maxTokens;
}
export function promptBytes(body: Body): u32 {
  return body.promptBytes;
}
export function images(body: Body): u32 {
  return body.images;
}
export function blocks(body: Body): u32 {
  return body.blocks;
}
