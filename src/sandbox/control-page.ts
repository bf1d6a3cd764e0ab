import type { IncomingMessage, ServerResponse } from "node:http";
import { isFromOwnPage, readForm, sendPage } from "./http.ts";
import type { Page } from "./page.ts";
import type { Switches } from "./switches.ts";
import type { TokenStore } from "./token-store.ts";

interface ControlPageOptions {
  readonly origin: string;
  readonly switches: Switches;
  readonly store: TokenStore;
}

function row(text: string, action: string, button: string): string {
  return `<form method="post" action="/" class="row"><p>${text}</p>
<button name="action" value="${action}">${button}</button></form>`;
}

const onOff = (on: boolean) => (on ? '<strong class="on">on</strong>' : "off");

/** Where a person makes the sandbox misbehave, to see what the server and its application do then. */
export class ControlPage {
  readonly #origin: string;
  readonly #switches: Switches;
  readonly #store: TokenStore;

  constructor({ origin, switches, store }: ControlPageOptions) {
    this.#origin = origin;
    this.#switches = switches;
    this.#store = store;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== "POST") return sendPage(response, 200, this.#page());
    if (!isFromOwnPage(request, this.#origin)) {
      return sendPage(response, 403, { title: "Refused", body: "<p>Only this page may turn its switches.</p>" });
    }
    this.#act((await readForm(request))?.get("action") ?? "");
    // After a redirect, loading the page again turns nothing.
    response.writeHead(303, { location: "/" }).end();
  }

  #act(action: string): void {
    const [name, value] = action.split("=");
    if (name === "outage") this.#switches.outage = value === "on";
    else if (name === "deny-next") this.#switches.denyNext = value === "on";
    else if (name === "revoke-all") this.#store.revokeAll();
  }

  #page(): Page {
    const { outage, denyNext } = this.#switches;
    const { signIns } = this.#store;
    const turn = (on: boolean) => (on ? "off" : "on");
    return {
      title: "A provider to try things out",
      body: `<p>Connect it like any other: by OAuth, or with an API key that begins with <code>sandbox-</code>.
Access tokens live for 60 seconds, and each refresh token works once.</p>
${row(`Outage: ${onOff(outage)}. The token endpoint and the API answer 503.`, `outage=${turn(outage)}`, outage ? "End the outage" : "Begin an outage")}
${row(`Deny the next request: ${onOff(denyNext)}. It is declined without asking.`, `deny-next=${turn(denyNext)}`, denyNext ? "Ask it after all" : "Deny the next one")}
${row(`Sign-ins: <strong>${signIns}</strong>. Revoking ends all of them, as if you had taken back your consent.`, "revoke-all", "Revoke all tokens")}
<p class="quiet">All this is in memory. After the server starts anew, sign-ins from before count as revoked here;
connect again then. The sandbox is never there in production.</p>`,
    };
  }
}
