/** A process that floods a server: `flooder.ts <port> <token> <flood>`. */
import { floods } from "./floods.ts";

const [port, token, name] = process.argv.slice(2) as [string, string, string];
await floods[name]!({ port: Number(port), token });
// What is still open has been flooded enough.
process.exit(0);
