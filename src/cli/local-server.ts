import { addressOf, type Config } from "../config/config.ts";

/** Where this machine reaches the server of a configuration, such as `127.0.0.1:4000`. */
export function localAddress({ host, port }: Pick<Config, "host" | "port">): string {
  const local = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return addressOf(local, port);
}
