const maxSteps = 10;

export interface Visit {
  readonly url: URL;
  /** Null where the visitor was sent to `until`, which is left unvisited. */
  readonly html: string | null;
  readonly status: number;
  readonly headers: Headers;
}

/** Somebody with a browser: keeps cookies, follows redirects, and sends forms with the headers that browsers add. */
export class Visitor {
  readonly #until: string;
  readonly #cookies = new Map<string, string>();

  /** `until` is where redirects are no longer followed. */
  constructor(until = "https://auth.example.test") {
    this.#until = until;
  }

  async open(url: string): Promise<Visit> {
    return this.#follow(new URL(url), null);
  }

  /** Clicks on a button of the page's form. */
  async submit({ url, html }: Visit, fields: Readonly<Record<string, string>>): Promise<Visit> {
    const [, action] = /<form[^>]*\saction="([^"]*)"/.exec(html ?? "") ?? [];
    if (action === undefined) throw new Error(`there is no form at ${url.href}: ${html}`);
    const hidden = Array.from((html ?? "").matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g));
    const form = new URLSearchParams(hidden.map(([, name, value]) => [name!, value!]));
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    return this.#follow(new URL(action, url), form);
  }

  async #follow(start: URL, first: URLSearchParams | null): Promise<Visit> {
    let url = start;
    let form = first;
    for (let step = 0; step < maxSteps; step++) {
      const response: Response = await this.#send(url, form);
      const { status, headers } = response;
      const location = headers.get("location");
      const html = await response.text();
      if (location === null) return { url, html, status, headers };
      url = new URL(location, url);
      form = null;
      if (url.href.startsWith(this.#until)) return { url, html: null, status, headers };
    }
    throw new Error("too many steps");
  }

  async #send(url: URL, form: URLSearchParams | null): Promise<Response> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(url, {
      redirect: "manual",
      headers: { cookie, ...(form === null ? {} : { origin: url.origin }) },
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
