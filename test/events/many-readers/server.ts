/** The server itself, with the settings of its environment, for a process that may be killed at any moment. */
import { createApp } from "../../../src/app/app.ts";
import { loadConfig } from "../../../src/config/config.ts";
import { reportPort } from "../../bench/report-port.ts";

const app = await createApp(loadConfig([]), { catalog: [] });
reportPort(await app.listen(), () => app[Symbol.asyncDispose]());
