/**
 * A strict provider in a process of its own: `node test/support/strict-provider/process.ts '{"refreshGrace":60}'`. It
 * prints one line of JSON with its addresses, and ends with its standard input: whoever started it, in whatever way he
 * ends, does not leave it behind.
 */
import { StrictProvider } from "../strict-provider.ts";
import { listenForControl } from "./control.ts";
import type { TokenLifetimes } from "./token-families.ts";

/** The line that it prints. */
export interface Addresses {
  readonly baseUrl: string;
  readonly controlUrl: string;
}

const provider = await StrictProvider.start(JSON.parse(process.argv[2] ?? "{}") as Partial<TokenLifetimes>);
const addresses: Addresses = { baseUrl: provider.baseUrl, controlUrl: await listenForControl(provider) };
process.stdin.resume().once("close", () => process.exit());
process.stdout.write(`${JSON.stringify(addresses)}\n`);
