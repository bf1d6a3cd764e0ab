import type { Configuration, KoaContextWithOIDC } from "oidc-provider";
import { escapeHtml, type Page, renderPage } from "./page.ts";

type DeviceFlow = NonNullable<NonNullable<Configuration["features"]>["deviceFlow"]>;

/** Puts a page in the place of the library's own. */
export function answerWith(context: KoaContextWithOIDC, page: Page): void {
  const { html, headers } = renderPage(page);
  context.set(headers);
  context.body = html;
}

/** The library's form has a handler in it that our policy would only complain of. */
const withoutScript = (form: string) => form.replace(/ onfocus="[^"]*"/, "");

/** The pages of RFC 8628: enter the code, confirm it, done. */
export const devicePages: DeviceFlow = {
  enabled: true,
  userCodeInputSource: async (context, form, _out, error) =>
    answerWith(context, {
      title: "Enter the code",
      body: `${error === undefined ? "" : '<p class="on">This code is not known, was used, or has ended.</p>'}
<p>It stands where you began to connect.</p>
${withoutScript(form)}
<div class="buttons"><button class="main" form="op.deviceInputForm">Continue</button></div>`,
    }),
  userCodeConfirmSource: async (context, form, _client, _device, code) =>
    answerWith(context, {
      title: "Is this the code?",
      body: `<p>Go on only if <strong>${escapeHtml(code)}</strong> is what you see where you began to connect.</p>
${form}
<div class="buttons"><button class="main" form="op.deviceConfirmForm">Continue</button>
<button form="op.deviceConfirmForm" name="abort" value="yes">Cancel</button></div>`,
    }),
  successSource: async (context) =>
    answerWith(context, { title: "Allowed", body: "<p>Go back to where you began. You can close this page.</p>" }),
};
