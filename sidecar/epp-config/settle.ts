// What handlers, deciders and producers come to: a plan's settings.

import { HANDLER_SINGLE } from "../../wire/layout.ts";
import type { PlanSettings } from "../../wire/model.ts";
import type { PluginInstance, Profile } from "./config.ts";
import type { HandlerSettings, Surroundings } from "./plugins/plugin.ts";
import { defaultPrefixValues, type PrefixSettings, type PrefixValues, prefixSettings } from "./prefix-settings.ts";
import type { DeclaredPlugins } from "./read-plugins.ts";
import { settleLimits } from "./settle-limits.ts";

const PREFIX_PRODUCER = "approx-prefix-cache-producer";
const PREFIX_SCORER = "prefix-cache-scorer";
const LOAD_PRODUCER = "inflight-load-producer";
/** The field by which plugins choose among several prefix producers. */
const PREFIX_REFERENCE = "prefixMatchInfoProducerName";

type OutputSettings = Pick<PlanSettings, "outputRatio" | "outputMax">;

/** Settings with who says them. */
interface Said<T> {
  readonly by: string;
  readonly settings: T;
}

function settleHandler(declared: DeclaredPlugins, profiles: readonly Profile[]): HandlerSettings {
  const handler = declared.instances.find((plugin) => plugin.descriptor.handle !== undefined);
  if (handler === undefined) return { handler: HANDLER_SINGLE, handlerParameters: [0] };
  const place = declared.placeOf(handler);
  const names = profiles.map((profile) => profile.name);
  const asked = new Set<PluginInstance>();
  const around: Surroundings = {
    place,
    profiles: names,
    profile: (name) => names.indexOf(name),
    parameter(...fields) {
      const paths = fields.map((field) => field.split("."));
      const written = paths.find((path) => declared.isWritten(handler, path));
      return written?.reduce((here, step) => here.at(step), place.at("parameters"));
    },
    has: (name) => declared.names.has(name),
    decider(name, at) {
      const found = declared.named(name);
      if (found !== undefined) asked.add(found);
      const decision = found?.descriptor.decide?.(found.parameters);
      return decision ?? declared.refuseReference(name, at, "decider");
    },
  };
  const settings = handler.descriptor.handle!(handler.parameters, around);
  for (const plugin of declared.instances) {
    if (plugin.descriptor.decide === undefined || asked.has(plugin)) continue;
    declared.placeOf(plugin).warn(`${plugin.name} is asked by no profile handler and has no effect`);
  }
  return settings;
}

/** The one set of settings; where two differ, both are named. */
function only<T>(said: readonly Said<T>[], absent: T, what: string, declared: DeclaredPlugins): T {
  const [first] = said;
  if (first === undefined) return absent;
  const other = said.find(({ settings }) => JSON.stringify(settings) !== JSON.stringify(first.settings));
  if (other !== undefined) {
    declared.place.refuse(
      `${first.by} and ${other.by} say different things of ${what}, this version has one set of them`,
    );
  }
  return first.settings;
}

function ofType(declared: DeclaredPlugins, type: string): readonly PluginInstance[] {
  return declared.instances.filter((plugin) => plugin.descriptor.type === type);
}

/** The prefix producers that plugins read; the one called by its type is there even where no entry declares it. */
function prefixesRead(declared: DeclaredPlugins): readonly Said<PrefixSettings>[] {
  const { group } = declared;
  const producers = ofType(declared, PREFIX_PRODUCER);
  const readers = declared.instances.filter(
    (plugin) => plugin.descriptor.type !== PREFIX_PRODUCER && PREFIX_REFERENCE in plugin.descriptor.shape(group),
  );
  return readers.flatMap((reader): Said<PrefixSettings>[] => {
    const named = reader.parameters[PREFIX_REFERENCE];
    // In the older group the name of the producer means nothing.
    const wanted = named ?? (group === "llm-d.ai" ? PREFIX_PRODUCER : producers[0]?.name);
    const producer = producers.find(({ name }) => name === wanted);
    const values = (producer?.parameters as PrefixValues | undefined) ?? defaultPrefixValues(group);
    const by = producer?.name ?? `${PREFIX_PRODUCER}, which ${reader.name} reads by default,`;
    return [{ by, settings: prefixSettings(values, group) }];
  });
}

/** In the older group a scorer's prefix settings count only where there is no producer. */
function warnOfOverruled(scorers: readonly PluginInstance[], declared: DeclaredPlugins): void {
  const { group } = declared;
  const plain = JSON.stringify(prefixSettings(defaultPrefixValues(group), group));
  for (const scorer of scorers) {
    if (JSON.stringify(prefixSettings(scorer.parameters as unknown as PrefixValues, group)) === plain) continue;
    declared.placeOf(scorer).warn(`prefix settings of ${scorer.name} have no effect beside an ${PREFIX_PRODUCER}`);
  }
}

function settlePrefix(declared: DeclaredPlugins): PrefixSettings {
  const { group } = declared;
  const producers = ofType(declared, PREFIX_PRODUCER);
  const scorers = ofType(declared, PREFIX_SCORER);
  const byScorers = group !== "llm-d.ai" && producers.length === 0;
  const said = byScorers
    ? scorers.map(({ name, parameters }) => ({
        by: name,
        settings: prefixSettings(parameters as unknown as PrefixValues, group),
      }))
    : prefixesRead(declared);
  const settings = only(said, prefixSettings(defaultPrefixValues(group), group), "prefix blocks", declared);
  for (const producer of producers) {
    if (!said.some(({ by }) => by === producer.name)) {
      declared.placeOf(producer).warn(`${producer.name} is read by no plugin and has no effect`);
    }
  }
  if (group !== "llm-d.ai" && !byScorers) warnOfOverruled(scorers, declared);
  return settings;
}

function settleOutput(declared: DeclaredPlugins): OutputSettings {
  const said = ofType(declared, LOAD_PRODUCER).map(({ name, parameters }) => {
    const max = parameters.maxEstimatedOutputTokens as number | undefined;
    const counted = parameters.addEstimatedOutputTokens === true && max !== 0;
    const ratio = counted ? (parameters.outputRatio as number) : 0;
    return { by: name, settings: { outputRatio: ratio, outputMax: ratio > 0 ? (max ?? 0) : 0 } };
  });
  return only(said, { outputRatio: 0, outputMax: 0 }, "output tokens", declared);
}

/** The settings of the plan, but for its admission. */
export function settle(declared: DeclaredPlugins, profiles: readonly Profile[]): Omit<PlanSettings, "admission"> {
  return {
    ...settleHandler(declared, profiles),
    ...settlePrefix(declared),
    ...settleOutput(declared),
    limits: settleLimits(declared),
  };
}
