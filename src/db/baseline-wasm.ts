import { setFlagsFromString } from "node:v8";

/**
 * Lets V8 compile WebAssembly with its baseline compiler only. The optimizing one takes 600 MB and more than two
 * seconds of CPU time for one function of PGlite, PostgreSQL's interpreter of expressions; without it a statement costs
 * about a tenth more. It holds for the whole process, so it is set where an embedded database is opened and nowhere
 * else.
 */
export function useBaselineWasm(): void {
  // The second one is an implication of the first on the command line only.
  setFlagsFromString("--no-wasm-tier-up");
  setFlagsFromString("--no-wasm-dynamic-tiering");
}
