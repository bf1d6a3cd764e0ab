import { serveCommand } from "./cli/commands/serve/serve.ts";
import { exitCodeHelp } from "./cli/exit-code.ts";
import { run } from "./cli/run.ts";

await run(serveCommand().name("npm start --").addHelpText("afterAll", exitCodeHelp));
