import type { IncomingMessage, ServerResponse } from "node:http";
import type { Provider } from "oidc-provider";
import { scopeTexts } from "./authorization-server.ts";
import { isFromOwnPage, readForm, sendPage } from "./http.ts";
import { escapeHtml, type Page } from "./page.ts";
import type { Switches } from "./switches.ts";

/** Everybody is this user: there are no accounts here. */
const user = "you";

type Interaction = Awaited<ReturnType<Provider["interactionDetails"]>>;

const ended: Page = {
  title: "This request has ended",
  body: "<p>It was answered, or is too old. Begin again in the application.</p>",
};

function consentPage({ uid, params }: Interaction): Page {
  const scopes = scopesOf(params).map((scope) => `<li>${escapeHtml(scopeTexts[scope] ?? scope)}</li>`);
  const redirect = typeof params["redirect_uri"] === "string" ? URL.parse(params["redirect_uri"]) : null;
  const target = redirect === null ? "" : ` Either way you go back to <code>${escapeHtml(redirect.origin)}</code>.`;
  return {
    title: "Allow Maestro Auth?",
    body: `<p>You are signed in as the made-up user <strong>${user}</strong>. It wants to:</p>
<ul>${scopes.join("")}</ul>
<form method="post" action="/consent/${encodeURIComponent(uid)}" class="buttons">
<button class="main" name="decision" value="allow">Allow</button>
<button name="decision" value="deny">Deny</button>
</form>
<p class="quiet">Nothing here is real: no account, no bill.${target}</p>`,
    ...(redirect === null ? {} : { formTarget: redirect.origin }),
  };
}

function scopesOf(params: Interaction["params"]): string[] {
  return typeof params["scope"] === "string" ? params["scope"].split(" ") : ["openid"];
}

/** Asks the user, and tells the authorization server what was decided. */
export class ConsentPage {
  readonly #provider: Provider;
  readonly #switches: Switches;

  constructor(provider: Provider, switches: Switches) {
    this.#provider = provider;
    this.#switches = switches;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // It throws where the cookie or what it stands for is gone.
    const interaction = await this.#provider.interactionDetails(request, response).catch(() => null);
    if (interaction === null || request.url !== `/consent/${interaction.uid}`) return sendPage(response, 400, ended);
    if (interaction.prompt.name === "login") {
      return this.#provider.interactionFinished(request, response, { login: { accountId: user } });
    }
    if (request.method !== "POST") {
      if (this.#switches.takeDenial()) return this.#deny(request, response);
      return sendPage(response, 200, consentPage(interaction));
    }
    if (!isFromOwnPage(request, new URL(this.#provider.issuer).origin)) {
      return sendPage(response, 403, { title: "Refused", body: "<p>Only the page of the sandbox may answer.</p>" });
    }
    const decision = (await readForm(request))?.get("decision");
    return decision === "allow" ? this.#allow(request, response, interaction) : this.#deny(request, response);
  }

  async #allow(request: IncomingMessage, response: ServerResponse, { params }: Interaction): Promise<void> {
    const grant = new this.#provider.Grant({ accountId: user, clientId: String(params["client_id"]) });
    grant.addOIDCScope(scopesOf(params).join(" "));
    const consent = { grantId: await grant.save() };
    return this.#provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true });
  }

  async #deny(request: IncomingMessage, response: ServerResponse): Promise<void> {
    return this.#provider.interactionFinished(request, response, { error: "access_denied" });
  }
}
