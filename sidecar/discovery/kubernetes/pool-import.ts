import { list, mapping } from "../../support/fields.ts";
import { keyOf, type ObjectReader, type ObjectRecord, optional, readName } from "./read-object.ts";

/** An InferencePool of other clusters; its endpoints are reached through their gateways, not from here. */
export interface ImportRecord extends ObjectRecord {
  /** Clusters that export the pool, sorted, each once. */
  readonly clusters: readonly string[];
}

/** InferencePoolImport v1alpha1, which has a status only: `controllers[].exportingClusters[].name`. */
export const readImport: ObjectReader<ImportRecord> = (object, metadata, place) => {
  const status = optional(object, "status", place);
  const clusters = new Set<string>();
  const controllersAt = place.at("status").at("controllers");
  list(status.controllers ?? [], controllersAt)?.forEach((controller, index) => {
    const at = controllersAt.at(index);
    const exporting = mapping(controller, at)?.exportingClusters ?? [];
    const exportingAt = at.at("exportingClusters");
    list(exporting, exportingAt)?.forEach((cluster, position) => {
      const clusterAt = exportingAt.at(position);
      const fields = mapping(cluster, clusterAt);
      const name = fields && readName(fields.name, clusterAt.at("name"));
      if (name !== undefined) clusters.add(name);
    });
  });
  return { key: keyOf(metadata), uid: metadata.uid, clusters: [...clusters].sort() };
};
