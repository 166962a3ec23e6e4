// Where other replicas are met.

import type { Command } from "commander";
import { readRedisUrl } from "../replicas/redis-address.ts";
import type { ReplicaSettings } from "../replicas/replicas.ts";
import { option, spelled } from "./option.ts";

/** What these flags say. */
export interface ReplicaFlags {
  readonly redis?: string;
  readonly redisPasswordFile?: string;
  readonly replicaGroup?: string;
}

/** Braces mark the part of a key that decides its place in a cluster. */
const GROUP = /^[^\s{}]{1,200}$/;

/** Adds the flags to a command. The URL is not parsed here: a message of the parser's would show its password. */
export function addReplicaFlags(command: Command): void {
  command.optionsGroup("Other replicas:");
  command.addOption(
    option(
      "--redis <url>",
      "Redis or Valkey by which replicas share work: redis://[user:password@]host[:port][/database], or rediss://",
    ),
  );
  command.addOption(option("--redis-password-file <file>", "the password for --redis; read at each connection"));
  command.addOption(option("--replica-group <name>", "replicas of one name share (default: by what is served)"));
}

/** What is wrong with the flags, as a message to the user that holds no password. */
export function replicaContradiction(command: Command): string | undefined {
  const flags = command.opts<ReplicaFlags>();
  const { redis, redisPasswordFile, replicaGroup } = flags;
  const name = (key: keyof ReplicaFlags): string => spelled(command, key);
  if (redis === undefined) {
    const alone = (["redisPasswordFile", "replicaGroup"] as const).find((key) => flags[key] !== undefined);
    return alone && `${name(alone)} needs --redis`;
  }
  if (redisPasswordFile === "") return `${name("redisPasswordFile")} is empty, expected the name of a file`;
  if (replicaGroup !== undefined && !GROUP.test(replicaGroup)) {
    return `${name("replicaGroup")} is "${replicaGroup}", must be 1 to 200 characters without spaces and braces`;
  }
  try {
    const { password } = readRedisUrl(redis);
    if (password === undefined || redisPasswordFile === undefined) return undefined;
    return `${name("redis")} has a password, and ${name("redisPasswordFile")} names another; leave one out`;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return `${name("redis")}: ${error.message}`;
  }
}

/** The settings of flags that do not contradict each other; undefined where there is no Redis. */
export function replicaSettings({ redis, redisPasswordFile, replicaGroup }: ReplicaFlags): ReplicaSettings | undefined {
  if (redis === undefined) return undefined;
  return {
    address: readRedisUrl(redis),
    ...(redisPasswordFile !== undefined && { passwordFile: redisPasswordFile }),
    ...(replicaGroup !== undefined && { group: replicaGroup }),
  };
}
