/** How gateways that ask by ext_proc are served. */
export interface ExtProcSettings {
  /** Header, and key in the metadata, that name the destination. */
  readonly destinationKey: string;
  /** The metadata's name space. */
  readonly destinationNamespace: string;
  /** Whether a gateway may restrict a request to some of the endpoints. */
  readonly subsets: boolean;
  /** Whether the requests of conformance tests say themselves where they go. For tests only. */
  readonly steered: boolean;
  /** Bytes that a message of a gateway may have. */
  readonly mostBytes: number;
}

/** What gateways expect. */
export const USUAL: ExtProcSettings = {
  destinationKey: "x-gateway-destination-endpoint",
  destinationNamespace: "envoy.lb",
  subsets: true,
  steered: false,
  mostBytes: 64 << 20,
};
