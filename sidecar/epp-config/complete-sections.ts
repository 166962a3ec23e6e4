import type { Place } from "../support/fields.ts";
import { completeFlowControl, DEFAULT_POLICIES } from "./admission.ts";
import type { ApiGroup } from "./api-group.ts";
import { hasFlowControl } from "./feature-gates.ts";
import { pluginByType } from "./plugins/catalogue.ts";
import type { DeclaredPlugins } from "./read-plugins.ts";
import type { DataLayer, Reference, Sections } from "./sections.ts";

const DETECTOR = "utilization-detector";
const SOURCE = "metrics-data-source";
const EXTRACTOR = "core-metrics-extractor";
const PARSERS: Readonly<Record<ApiGroup, readonly string[]>> = {
  "inference.networking.x-k8s.io": ["openai-parser"],
  "llm-d.ai": ["openai-parser", "anthropic-parser", "vllmhttp-parser", "passthrough-parser"],
};

/** Adds a plugin of that type where its name is free. */
function add(type: string, declared: DeclaredPlugins): void {
  const descriptor = pluginByType(type);
  if (descriptor !== undefined && !declared.names.has(type)) declared.add(descriptor);
}

function completeDataLayer({ dataLayer, featureGates }: Sections, declared: DeclaredPlugins): DataLayer | undefined {
  const scraped = dataLayer?.sources?.some((source) => source.pluginRef === SOURCE) ?? false;
  const asItIs =
    declared.group === "llm-d.ai"
      ? scraped || dataLayer?.injectDefaults === false
      : dataLayer !== undefined || featureGates.includes("enableLegacyMetrics");
  if (asItIs) return dataLayer;
  add(SOURCE, declared);
  add(EXTRACTOR, declared);
  const source = { pluginRef: SOURCE, extractors: [{ pluginRef: EXTRACTOR }] };
  return { ...dataLayer, sources: [...(dataLayer?.sources ?? []), source] } as DataLayer;
}

function warnOfParsers(parsers: readonly string[], group: ApiGroup, root: Place): void {
  if (parsers.join() === PARSERS[group].join()) return;
  root.warn(`the choice of ${parsers.join(" and ")} has no effect in this version`);
}

function checkReferences(references: readonly Reference[], declared: DeclaredPlugins): void {
  for (const { name, stages, place } of references) {
    const found = declared.named(name);
    if (found !== undefined && stages.includes(found.descriptor.stage)) continue;
    declared.refuseReference(name, place, stages.join(" or "));
  }
}

/**
 * Fills in what the reference fills in beside the profiles: policies, saturation detector, parsers and the source of
 * metrics. Parsers and sources make no difference here; they are for those who read the effective configuration.
 */
export function completeSections(
  sections: Sections,
  references: readonly Reference[],
  declared: DeclaredPlugins,
  root: Place,
): Sections {
  for (const policy of DEFAULT_POLICIES) add(policy, declared);
  const parsers = sections.parsers ?? PARSERS[declared.group];
  // A parser that no entry declares is taken by its type.
  for (const name of parsers) if (pluginByType(name)?.stage === "parser") add(name, declared);
  warnOfParsers(parsers, declared.group, root.at(declared.group === "llm-d.ai" ? "requestHandler" : "parser"));
  const pluginRef = sections.saturationDetector?.pluginRef ?? DETECTOR;
  if (pluginRef === DETECTOR) add(DETECTOR, declared);
  const dataLayer = completeDataLayer(sections, declared);
  checkReferences(references, declared);
  const flowControl = hasFlowControl(sections.featureGates)
    ? completeFlowControl(sections.flowControl ?? {})
    : sections.flowControl;
  return {
    ...sections,
    flowControl,
    saturationDetector: { ...sections.saturationDetector, pluginRef },
    parsers,
    dataLayer,
  };
}
