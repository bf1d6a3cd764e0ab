import { isLoopback } from "../lib/loopback.ts";
import type { EnvironmentReader } from "./environment-reader.ts";

const variable = "DEVELOPMENT_TOKEN";

/** Who finds a token for development in the pages: only browsers on this machine, everybody, or nobody. */
export type TokenReaders = "local" | "anyone" | "nobody";

/** Where a server is reached. */
interface Place {
  readonly production: boolean;
  readonly host: string;
  readonly publicUrl: URL;
}

/** Why others than this machine may reach a server; null where nothing says so. */
function exposure({ host, publicUrl }: Omit<Place, "production">): string | null {
  if (!isLoopback(host)) return `HOST is ${host}`;
  return isLoopback(publicUrl.hostname) ? null : `PUBLIC_URL is on ${publicUrl.hostname}`;
}

/** Once a server can be reached from elsewhere, nobody gets a token unless the variable says so. */
export function readDevelopmentToken(reader: EnvironmentReader, place: Place): TokenReaders {
  if (place.production) {
    if ((reader.text(variable) ?? "nobody") !== "nobody") {
      reader.fault(variable, "must be nobody in production: its pages have no token.", "nobody");
    }
    return "nobody";
  }
  const fallback = exposure(place) === null ? "local" : "nobody";
  return reader.choice(variable, fallback, ["local", "anyone", "nobody"]) as TokenReaders;
}

/** What a person should know of the pages of a server for development; null where there is nothing to say. */
export function explainDevelopmentToken(
  readers: TokenReaders,
  place: Place,
): { readonly cause: string; readonly cure: string } | null {
  const exposed = place.production ? null : exposure(place);
  if (readers === "anyone") {
    return {
      cause: "DEVELOPMENT_TOKEN is anyone: whoever opens a page of this server gets a token as the user developer.",
      cure: "Unset it, unless everybody who can reach this server may act as that user.",
    };
  }
  if (exposed === null) return null;
  return readers === "nobody"
    ? {
        cause: `${exposed}, so others may reach this server: its pages carry no token.`,
        cure: "Paste the token that the start prints, or set DEVELOPMENT_TOKEN=local for browsers on this machine.",
      }
    : {
        cause: `${exposed}, so others may reach this server: its pages carry a token for browsers on this machine.`,
        cure: "Unset DEVELOPMENT_TOKEN where a proxy on this machine brings others here.",
      };
}
