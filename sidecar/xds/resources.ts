/** Resources of one type that Envoy can subscribe to, each by its name. */
export interface Resources {
  /** Full name of their protobuf type. */
  readonly type: string;
  /** The resource as it is now; undefined where there is none of this name. */
  resource(name: string): Uint8Array | undefined;
  /** Calls back with the name of each one that changes; returns the call that ends the subscription. */
  subscribe(listener: (name: string) => void): () => void;
}
