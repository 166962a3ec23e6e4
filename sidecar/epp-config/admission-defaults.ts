// What holds where a configuration says nothing of admission, as in the references.

export const FAIRNESS = "global-strict-fairness-policy";
export const ORDERING = "fcfs-ordering-policy";
export const USAGE_LIMIT = "static-usage-limit-policy";
export const DETECTOR = "utilization-detector";

/** Of one band: bytes and requests that may wait. */
export const BAND_BYTES = "1G";
export const BAND_REQUESTS = 5000;
/** How long a request waits. */
export const TTL = "60s";
