// The configurations between which the suite changes.

const KIND = { apiVersion: "llm-d.ai/v1alpha1", kind: "EndpointPickerConfig" };
const QUEUE = { type: "queue-scorer" };

function schedule(...filters: readonly { type: string; parameters: object }[]): object {
  const refs = [...filters, QUEUE].map(({ type }) => ({ pluginRef: type }));
  return { ...KIND, plugins: [...filters, QUEUE], schedulingProfiles: [{ name: "default", plugins: refs }] };
}

const onlyPod = (pod: string) => ({ type: "label-selector-filter", parameters: { matchLabels: { pod } } });

/** The shortest queue. */
export const BY_QUEUE = schedule();
/** Only the endpoint with the label `pod: sim-2`. */
export const BY_LABEL = schedule(onlyPod("sim-2"));
/** No endpoint passes. */
export const NOBODY = schedule(onlyPod("nobody"));
/** The shortest queue, and no more than one request at each endpoint: others wait. */
export const ONE_EACH = {
  ...KIND,
  featureGates: ["flowControl"],
  plugins: [QUEUE, { type: "concurrency-detector", parameters: { maxConcurrency: 1 } }],
  schedulingProfiles: [{ name: "default", plugins: [{ pluginRef: QUEUE.type }] }],
  flowControl: { saturationDetector: { pluginRef: "concurrency-detector" } },
};
