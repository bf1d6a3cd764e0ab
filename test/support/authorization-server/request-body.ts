import type { IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";

export type Parameters = Readonly<Record<string, string>>;

export type BodyEncoding = "form" | "json";

interface RequestBody {
  readonly body: Parameters;
  readonly encoding: BodyEncoding | null;
}

export const noBody: RequestBody = { body: {}, encoding: null };

/**
 * Reads the parameters of a request, and lets oidc-provider read them again as the form that it knows. Null if it broke
 * off.
 */
export async function takeBody(request: IncomingMessage): Promise<RequestBody | null> {
  const content = await text(request).catch(() => null);
  if (content === null) return null;
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
