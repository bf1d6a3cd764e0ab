/** The server itself, with the settings of its environment; `src/main.ts` without the words for a person. */
import { createApp } from "../../../src/app/app.ts";
import { loadConfig } from "../../../src/config/config.ts";
import { loadCatalog } from "../../../src/providers/registry.ts";
import { reportPort } from "../report-port.ts";

const catalog = await loadCatalog();
const app = await createApp(loadConfig(catalog), { catalog });
reportPort(await app.listen(), () => app[Symbol.asyncDispose]());
