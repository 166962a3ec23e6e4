/** A gateway does what the protocol does not allow, or what cannot be served. */
export class Unexpected extends Error {}
