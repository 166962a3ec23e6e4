// The settings of the prefix index: which fields say them, and what of a plan they become.

import { MAX_BLOCK_TOKENS, MAX_PROMPT_BLOCKS } from "../../wire/layout.ts";
import type { PlanSettings } from "../../wire/model.ts";
import { counting, flag, integer, type Place, type Reader } from "../support/fields.ts";
import type { ApiGroup } from "./api-group.ts";
import { idle, optional, withDefault } from "./shape.ts";

const BLOCK_TOKENS = 16;
/** llm-d.ai only: smaller blocks count as this, to keep the index small. */
const LEAST_BLOCK_TOKENS = 64;
const LRU_BLOCKS = 31_250;
const MAX_U32 = 0xffff_ffff;

/** What the fields of `prefixShape` hold. */
export interface PrefixValues {
  readonly autoTune: boolean;
  readonly blockSizeTokens?: number | undefined;
  readonly blockSize?: number | undefined;
  readonly maxPrefixBlocksToMatch: number;
  readonly maxPrefixTokensToMatch: number;
  readonly lruCapacityPerServer?: number | undefined;
}

/** A plan's settings of the prefix index. */
export type PrefixSettings = Pick<PlanSettings, "blockTokens" | "maxBlocks" | "lruBlocks">;

/**
 * The fields. Block size and capacity have no defaults here: left out, autoTune decides, and a default that was
 * written out would read as somebody's choice.
 */
export function prefixShape(group: ApiGroup) {
  const newer = group === "llm-d.ai";
  const tokens = counting("tokens", integer(0, MAX_BLOCK_TOKENS));
  const blocks = (read: Reader<number>) => counting("blocks", read);
  return {
    autoTune: withDefault("what is left out is as the engine has it", flag, true),
    blockSizeTokens: optional(
      newer
        ? `of a block; left out: ${LEAST_BLOCK_TOKENS}, and less counts as that`
        : `of a block; left out: as the engine has it, without autoTune ${BLOCK_TOKENS}`,
      tokens,
    ),
    // The older group has given the name up; the newer one has brought it back for tokens.
    blockSize: newer
      ? optional("another name of blockSizeTokens", tokens)
      : idle("block size of old endpoint pickers", counting("characters", integer(0))),
    // 0 is no limit in the newer group; in the older one it would be an index that finds nothing.
    maxPrefixBlocksToMatch: withDefault(
      `of a prompt that are looked at, ${MAX_PROMPT_BLOCKS} at most${newer ? "; 0: no limit but that" : ""}`,
      blocks(integer(newer ? 0 : 1)),
      newer ? 2048 : 256,
    ),
    maxPrefixTokensToMatch: withDefault(
      "of a prompt that are looked at, before maxPrefixBlocksToMatch; 0: by blocks",
      counting("tokens", integer(0)),
      newer ? 131_072 : 0,
    ),
    lruCapacityPerServer: optional(
      `that are known of an endpoint; left out or 0: as many as the engine has, without autoTune ${LRU_BLOCKS}`,
      blocks(integer(0, MAX_U32)),
    ),
  };
}

/** The settings' defaults. */
export function defaultPrefixValues(group: ApiGroup): PrefixValues {
  const { autoTune, maxPrefixBlocksToMatch, maxPrefixTokensToMatch } = prefixShape(group);
  return {
    autoTune: autoTune.fallback as boolean,
    maxPrefixBlocksToMatch: maxPrefixBlocksToMatch.fallback as number,
    maxPrefixTokensToMatch: maxPrefixTokensToMatch.fallback as number,
  };
}

function blockTokensOf({ autoTune, blockSizeTokens }: PrefixValues, group: ApiGroup): number {
  // The reference's floor is above the block size of nearly every engine, so that its autoTune comes to the floor.
  if (group === "llm-d.ai") return Math.max(LEAST_BLOCK_TOKENS, blockSizeTokens ?? BLOCK_TOKENS);
  return blockSizeTokens ?? (autoTune ? 0 : BLOCK_TOKENS);
}

function wantedBlocks(values: PrefixValues, group: ApiGroup): number {
  const { maxPrefixBlocksToMatch: blocks, maxPrefixTokensToMatch: tokens } = values;
  if (tokens > 0) return Math.floor(tokens / (blockTokensOf(values, group) || BLOCK_TOKENS));
  return blocks === 0 ? MAX_PROMPT_BLOCKS : blocks;
}

/** Looks at the fields together; writes out the defaults that autoTune leaves open when it is off. */
export function checkPrefixValues<V extends PrefixValues>(values: V, place: Place, group: ApiGroup): V {
  // 0 is how the reference leaves these out.
  const { blockSizeTokens: size, blockSize, lruCapacityPerServer: capacity, ...others } = values;
  if (!values.autoTune && size === 0) {
    place.at("blockSizeTokens").refuse("must be at least 1 where autoTune is false, is 0");
  }
  const older = group === "llm-d.ai" ? blockSize : undefined;
  const usual = group === "llm-d.ai" ? LEAST_BLOCK_TOKENS : BLOCK_TOKENS;
  const given = size === BLOCK_TOKENS && older ? older : size || older;
  if (group === "llm-d.ai" && given && given < LEAST_BLOCK_TOKENS) {
    place.warn(`blocks of ${given} tokens count as ${LEAST_BLOCK_TOKENS}, as in the reference`);
  }
  const tokens = given || (values.autoTune ? undefined : usual);
  const blocks = capacity || (values.autoTune ? undefined : LRU_BLOCKS);
  const checked = {
    ...others,
    ...(tokens !== undefined && { blockSizeTokens: tokens }),
    ...(blocks !== undefined && { lruCapacityPerServer: blocks }),
    ...(blockSize !== undefined && older === undefined && { blockSize }),
  } as unknown as V;
  const wanted = wantedBlocks(checked, group);
  if (wanted > MAX_PROMPT_BLOCKS) {
    place.warn(`${wanted} blocks of a prompt would be looked at, ${MAX_PROMPT_BLOCKS} are the most in this version`);
  } else if (wanted === 0) {
    place.at("maxPrefixTokensToMatch").warn("is less than a block; one block is looked at");
  }
  return checked;
}

/** What the fields come to. */
export function prefixSettings(values: PrefixValues, group: ApiGroup): PrefixSettings {
  return {
    blockTokens: blockTokensOf(values, group),
    maxBlocks: Math.min(Math.max(wantedBlocks(values, group), 1), MAX_PROMPT_BLOCKS),
    lruBlocks: values.lruCapacityPerServer ?? (values.autoTune ? 0 : LRU_BLOCKS),
  };
}
