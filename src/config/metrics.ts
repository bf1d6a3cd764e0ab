import { Secret } from "../lib/secret.ts";
import type { EnvironmentReader } from "./environment-reader.ts";

/** How `GET /metrics` is served. */
export interface MetricsSettings {
  /** What a reader has to show; null where nobody has to, as in development. */
  readonly token: Secret | null;
}

const minTokenLength = 32;

/**
 * Null: there is no such page. In production it needs a token, so that nothing is told to everybody by an oversight.
 */
export function readMetrics(reader: EnvironmentReader, mode: string): MetricsSettings | null {
  const isOn = reader.flag("METRICS", mode === "development");
  const token = reader.text("METRICS_TOKEN");
  const example = "$(openssl rand -base64 32)";
  if (token !== null && !/^[\x21-\x7e]+$/.test(token)) {
    reader.fault("METRICS_TOKEN", "must have no spaces and only printable ASCII characters.", example);
  } else if (token !== null && token.length < minTokenLength) {
    reader.fault("METRICS_TOKEN", `must have at least ${minTokenLength} characters.`, example);
  } else if (isOn && token === null && mode === "production") {
    reader.fault("METRICS_TOKEN", "is required with METRICS=true in production.", example);
  }
  return isOn ? { token: token === null ? null : new Secret(token) } : null;
}
