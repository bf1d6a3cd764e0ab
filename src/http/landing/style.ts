/** Dark and light by the reader's system. Every pair of colours has a contrast of 4.5 or more (WCAG 2.2, 1.4.3). */
export const landingStyle = `
:root { color-scheme: light dark; font: 16px/1.6 system-ui, sans-serif;
  --ground: light-dark(#fafafa, #0d0f16); --card: light-dark(#fff, #161924); --line: light-dark(#e1e3ea, #2b3041);
  --text: light-dark(#181b25, #e9ebf3); --quiet: light-dark(#565c6e, #a3a9ba); --mark: light-dark(#4338ca, #a5b4fc);
  --on-mark: light-dark(#fff, #14172a); --good: light-dark(#15703a, #5ddc92); --bad: light-dark(#b3261e, #ff9d94);
  --warn: light-dark(#8f4d00, #f7c04a); }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); }
header, main, footer { max-width: 68rem; margin: 0 auto; padding: 0 1.25rem; }
header { display: flex; flex-wrap: wrap; gap: 0.25rem 1.5rem; align-items: center; padding-block: 0.875rem; }
header svg { width: 1.75rem; height: 1.75rem; flex: none; }
.brand { display: flex; gap: 0.625rem; align-items: center; font-weight: 700; margin-right: auto; }
nav { display: flex; flex-wrap: wrap; gap: 0 1.25rem; }
nav a { padding: 0.5rem 0; }
a { color: var(--mark); text-underline-offset: 0.2em; }
:focus-visible { outline: 3px solid var(--mark); outline-offset: 3px; border-radius: 0.25rem; }
h1 { font-size: clamp(1.75rem, 1.3rem + 1.8vw, 2.5rem); line-height: 1.15; letter-spacing: -0.02em; margin: 1.5rem 0 1rem;
  max-width: 44ch; text-wrap: balance; }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 0 0 0.25rem; }
h3 { font-size: 1rem; margin: 0; }
p { margin: 0; }
.lead { max-width: 70ch; font-size: 1.125rem; color: var(--quiet); }
.quiet { color: var(--quiet); font-size: 0.9375rem; }
section { margin: 2.5rem 0; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 0.875rem; padding: 1.25rem; }
button, .button { display: inline-block; min-height: 2.75rem; padding: 0.5rem 1.25rem; font: inherit; font-weight: 600;
  border: 1px solid var(--line); border-radius: 0.625rem; background: transparent; color: inherit; cursor: pointer;
  text-decoration: none; }
button.main { background: var(--mark); border-color: transparent; color: var(--on-mark); }
button:disabled { opacity: 0.75; cursor: default; }
.try { display: grid; gap: 0 2.5rem; grid-template-columns: minmax(0, 1fr); }
@media (min-width: 56rem) { .try { grid-template-columns: minmax(0, 1.15fr) minmax(0, 1fr); } }
.head { margin-bottom: 1.25rem; }
.actions { display: flex; flex-wrap: wrap; gap: 0.75rem; align-items: center; margin-top: 1rem; }
.steps { list-style: none; margin: 0; padding: 0; counter-reset: step; }
.steps li { position: relative; counter-increment: step; padding: 0 0 1.125rem 2.75rem; }
.steps li::before { content: counter(step); position: absolute; left: 0; top: 0; width: 1.75rem; height: 1.75rem;
  border: 2px solid var(--line); border-radius: 50%; background: var(--card); font-size: 0.875rem; font-weight: 700;
  text-align: center; line-height: 1.5rem; color: var(--quiet); }
.steps li:not(:last-child)::after { content: ""; position: absolute; left: 0.8125rem; top: 2rem; bottom: 0.25rem;
  width: 2px; background: var(--line); }
.steps [data-state="now"]::before { border-color: var(--mark); color: var(--mark); }
.steps [data-state="done"]::before { content: "✓"; border-color: var(--good); background: var(--good);
  color: var(--card); }
.steps [data-state="failed"]::before { content: "!"; border-color: var(--bad); color: var(--bad); }
.steps [data-state="failed"] .detail { color: var(--bad); }
.detail { color: var(--quiet); font-size: 0.9375rem; overflow-wrap: anywhere; }
.detail code, pre { font: 0.875rem/1.5 ui-monospace, "Cascadia Mono", Menlo, monospace; }
.facts { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 0.125rem 1rem; margin: 0.5rem 0 0;
  padding: 0.75rem 1rem; border: 1px solid var(--line); border-radius: 0.625rem; font-size: 0.9375rem; }
.facts dt { color: var(--quiet); }
.facts dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.log { display: flex; flex-direction: column; min-height: 12rem; }
.events { flex: 1; list-style: none; margin: 0.5rem 0 0; padding: 0; max-height: 27rem; overflow: auto; }
.events li { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 0 0.875rem; padding: 0.5rem;
  border-top: 1px solid var(--line); font-size: 0.9375rem; }
.events time { color: var(--quiet); font-variant-numeric: tabular-nums; }
.events strong { display: block; color: var(--mark); overflow-wrap: anywhere; }
.events .empty { display: block; color: var(--quiet); }
@media (prefers-reduced-motion: no-preference) { .events li.new { animation: new 1.2s; } }
@keyframes new { from { background: color-mix(in srgb, var(--mark) 30%, transparent); } }
.grid { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(min(15rem, 100%), 1fr)); margin: 1rem 0 0;
  padding: 0; list-style: none; }
.grid .card { display: flex; flex-direction: column; gap: 0.375rem; }
.row { display: flex; gap: 0.75rem; justify-content: space-between; align-items: baseline; }
.health { display: inline-flex; gap: 0.4375rem; align-items: center; font-size: 0.875rem; color: var(--quiet);
  white-space: nowrap; }
.health::before { content: ""; width: 0.5625rem; height: 0.5625rem; border-radius: 50%; background: var(--quiet); }
.health[data-status="HEALTHY"] { color: var(--good); }
.health[data-status="DEGRADED"] { color: var(--warn); }
.health[data-status="DOWN"] { color: var(--bad); }
.health:not([data-status="UNKNOWN"])::before { background: currentColor; }
.methods { list-style: none; margin: 0; padding: 0; font-size: 0.9375rem; }
.methods li { overflow-wrap: anywhere; }
.methods .off { color: var(--quiet); }
footer { padding-bottom: 3rem; }
[hidden] { display: none !important; }
`;
