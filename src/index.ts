/**
 * The library: a whole server inside another Node application. What is exported here is what the package promises;
 * everything else may change with any version.
 */
export { type App, type AppOverrides, createApp } from "./app/app.ts";
export { type Config, ConfigError, loadConfig } from "./config/config.ts";
export { createLogger, type LogFormat, type Logger } from "./observability/logger.ts";
export { loadCatalog } from "./providers/registry.ts";
export { defineProvider } from "./providers/provider.ts";
export type { ProviderDefinition } from "./providers/provider-definition.ts";
