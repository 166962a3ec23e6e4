// The part of the WebAssembly JavaScript API that the host uses. TypeScript ships it only with the browser's library,
// whose other globals a server should not see. https://webassembly.github.io/spec/js-api/

declare namespace WebAssembly {
  type Imports = Record<string, Record<string, (...args: never[]) => unknown>>;

  class Module {
    constructor(bytes: Uint8Array);
  }

  class Memory {
    readonly buffer: ArrayBuffer;
  }

  class Instance {
    constructor(module: Module, imports: Imports);
    readonly exports: Record<string, unknown>;
  }
}
