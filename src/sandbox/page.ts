import { createHash } from "node:crypto";

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; --mark: light-dark(#4f46e5, #a5b4fc);
  --quiet: light-dark(#52525b, #a1a1aa); --line: light-dark(#d4d4d8, #3f3f46); }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; }
main { box-sizing: border-box; width: 100%; max-width: 34rem; padding: 2rem 1.25rem; }
main::before { content: "Sandbox"; color: var(--mark); font-size: 0.875rem; font-weight: 600; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0.5rem 0 0.75rem; }
p, ul { margin: 0 0 0.75rem; }
code { overflow-wrap: anywhere; }
.quiet { color: var(--quiet); font-size: 0.875rem; }
.row { display: flex; flex-wrap: wrap; gap: 0.75rem; align-items: center; justify-content: space-between;
  border-top: 1px solid var(--line); padding: 0.875rem 0; }
.row p { margin: 0; flex: 1 1 16rem; }
.on { color: light-dark(#b45309, #fbbf24); }
.buttons { display: flex; flex-wrap: wrap; gap: 0.75rem; margin: 1.25rem 0; }
button { min-height: 2.75rem; padding: 0.5rem 1.25rem; font: inherit; border-radius: 0.5rem; cursor: pointer;
  border: 1px solid var(--line); background: transparent; color: inherit; }
button.main { background: light-dark(#4f46e5, #a5b4fc); color: light-dark(#fff, #1e1b4b); border-color: transparent; }
input[type="text"] { box-sizing: border-box; width: 100%; padding: 0.625rem; font: inherit; letter-spacing: 0.1em; }
`;

const styleHash = `'sha256-${createHash("sha256").update(style).digest("base64")}'`;

/** Text as it stands in HTML, also within quotes. */
export function escapeHtml(text: string): string {
  const names: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replaceAll(/[&<>"']/g, (character) => names[character]!);
}

export interface Page {
  readonly title: string;
  /** HTML. */
  readonly body: string;
  /** Where the answer to a form may redirect to: browsers hold `form-action` against redirects too. */
  readonly formTarget?: string;
}

/** A page without any script, and the headers that hold it to that. */
export function renderPage({ title, body, formTarget }: Page): { html: string; headers: Record<string, string> } {
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${body}
</main>
</body>
</html>
`;
  const policy = [
    "default-src 'none'",
    `style-src ${styleHash}`,
    "img-src data:",
    "base-uri 'none'",
    `form-action 'self'${formTarget === undefined ? "" : ` ${formTarget}`}`,
    "frame-ancestors 'none'",
  ];
  return {
    html,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": policy.join("; "),
      "cache-control": "no-store",
      // Not "no-referrer": browsers would send "Origin: null" with the forms.
      "referrer-policy": "same-origin",
      "x-content-type-options": "nosniff",
    },
  };
}
