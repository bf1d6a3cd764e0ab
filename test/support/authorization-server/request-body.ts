import type { IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";

export type Parameters = Readonly<Record<string, string>>;

export type BodyEncoding = "form" | "json";

/** Reads the parameters of a request, and lets oidc-provider read them again as the form that it knows. */
export async function takeBody(request: IncomingMessage): Promise<{ body: Parameters; encoding: BodyEncoding }> {
  const content = await text(request);
  const encoding = request.headers["content-type"]?.startsWith("application/json") === true ? "json" : "form";
  const body = (
    encoding === "json" ? JSON.parse(content === "" ? "{}" : content) : Object.fromEntries(new URLSearchParams(content))
  ) as Parameters;
  const form = Buffer.from(new URLSearchParams(body).toString());
  request.headers["content-type"] = "application/x-www-form-urlencoded";
  request.headers["content-length"] = String(form.length);
  Object.defineProperties(request, {
    readable: { value: true },
    readableEncoding: { value: null },
    iterator: {
      value: async function* () {
        yield form;
      },
    },
  });
  return { body, encoding };
}
