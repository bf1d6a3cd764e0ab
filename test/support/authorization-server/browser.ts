const maxSteps = 20;

function unescape(text: string): string {
  return text.replaceAll("&amp;", "&").replaceAll("&quot;", '"').replaceAll("&#39;", "'").replaceAll("&lt;", "<");
}

/** The first form of a page, as a browser would send it. */
function readForm(page: string): { action: string; fields: URLSearchParams } | null {
  const [, action] = /<form[^>]*\saction="([^"]*)"/.exec(page) ?? [];
  if (action === undefined) return null;
  const fields = new URLSearchParams();
  for (const [input] of page.matchAll(/<input[^>]*>/g)) {
    const [, name] = /\sname="([^"]*)"/.exec(input) ?? [];
    const [, value = ""] = /\svalue="([^"]*)"/.exec(input) ?? [];
    if (name !== undefined) fields.set(name, unescape(value));
  }
  return { action: unescape(action), fields };
}

/** A user's browser: keeps cookies, follows redirects, and sends the forms of the pages it comes to. */
export class Browser {
  readonly #cookies = new Map<string, string>();

  /**
   * Follows an authorization URL to the redirect URI that stands in it. @returns where the browser was sent, unvisited.
   */
  async authorize(authorizationUrl: string): Promise<URL> {
    const redirectUri = new URL(authorizationUrl).searchParams.get("redirect_uri");
    if (redirectUri === null) throw new Error("the authorization URL has no redirect_uri");
    const { url, page } = await this.#follow(new URL(authorizationUrl), redirectUri, null);
    if (page !== null) throw new Error(`the authorization ended on a page: ${page}`);
    return url;
  }

  /** Enters a user code. @returns the last page. */
  async enterUserCode(verificationUri: string, userCode: string): Promise<string> {
    const { page } = await this.#follow(new URL(verificationUri), null, userCode);
    return page ?? "";
  }

  async #follow(start: URL, until: string | null, userCode: string | null): Promise<{ url: URL; page: string | null }> {
    let url = start;
    let form: URLSearchParams | null = null;
    for (let step = 0; step < maxSteps; step++) {
      const response: Response = await this.#send(url, form);
      const location = response.headers.get("location");
      if (location !== null) {
        url = new URL(location, url);
        form = null;
        if (until !== null && url.href.startsWith(until)) return { url, page: null };
        continue;
      }
      const page = await response.text();
      const next = readForm(page);
      if (next === null || userCode === null) return { url, page };
      if (next.fields.has("user_code")) next.fields.set("user_code", userCode);
      url = new URL(next.action, url);
      form = next.fields;
    }
    throw new Error("too many steps");
  }

  async #send(url: URL, form: URLSearchParams | null): Promise<Response> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(url, {
      redirect: "manual",
      headers: cookie === "" ? {} : { cookie },
      ...(form === null ? {} : { method: "POST", body: form }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
      if (value === "") this.#cookies.delete(name!);
      else this.#cookies.set(name!, value!);
    }
    return response;
  }
}
