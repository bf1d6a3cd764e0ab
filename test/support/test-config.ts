import { type Config, ConfigError, loadConfig } from "../../src/config/config.ts";
import { loadCatalog } from "../../src/providers/registry.ts";

export type Variables = Readonly<Record<string, string>>;

export const catalog = await loadCatalog();

/** 32 bytes, of which no two are equal. */
export const keyBytes = Buffer.from(Array.from({ length: 32 }, (_, index) => 255 - index));

/** What production needs, and nothing more. */
export const requiredVariables = {
  CREDENTIAL_ENCRYPTION_KEY: keyBytes.toString("base64"),
  AUTH_JWT_SECRET: "a secret for tests of at least 32 bytes",
};

/** The configuration of an environment with the keys that production needs. */
export function load(variables: Variables = {}): Config {
  return loadConfig(catalog, { ...requiredVariables, ...variables });
}

/** What is said of a whole environment that is wrong. */
export function errorOf(environment: Variables): ConfigError {
  try {
    loadConfig(catalog, environment);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error("the configuration was accepted");
}

/** The names of the variables that are wrong beside the keys, each as often as it has faults. */
export function faultsOf(variables: Variables): string[] {
  return errorOf({ ...requiredVariables, ...variables }).faults.map(({ name }) => name);
}
