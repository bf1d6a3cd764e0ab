import type { EnvironmentReader } from "./environment-reader.ts";

/** Where the server listens. */
export interface ListenAddress {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

/** @param production whether the server is for others than this machine */
export function readListenAddress(reader: EnvironmentReader, production: boolean): ListenAddress {
  return {
    host: reader.text("HOST") ?? (production ? "0.0.0.0" : "127.0.0.1"),
    port: reader.integer("PORT", 4000, 0, 65_535),
  };
}
