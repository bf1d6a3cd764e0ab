/**
 * GraphiQL ends a subscription when another tab is opened, just when something would happen. This strip at the foot of
 * the page takes a subscription over from the moment that it runs: it shows what comes, whichever tab is open, until
 * somebody ends it here or by GraphiQL's own button.
 */
export const liveStripScript = String.raw`{
  const { fetch } = window;
  const shown = 200;
  let current = null;
  let isStopping = false;
  let strip;

  const isButton = ({ target }) => target instanceof Element && target.closest(".graphiql-execute-button") !== null;
  // A tab's button ends a subscription as well: only GraphiQL's own button, or its key, means to.
  addEventListener("click", (event) => (isStopping = isButton(event)), true);
  addEventListener("keydown", ({ key, ctrlKey, metaKey }) => {
    isStopping = key === "Enter" && (ctrlKey || metaKey);
  }, true);

  function nameOf(body) {
    try {
      const { query, operationName } = JSON.parse(body);
      const [, name] = /^\s*subscription\b\s*(\w*)/m.exec(query) ?? [];
      return name === undefined ? null : operationName || name || "subscription";
    } catch {
      return null;
    }
  }

  window.fetch = async (input, init = {}) => {
    const name = typeof init.body === "string" ? nameOf(init.body) : null;
    if (name === null) return fetch(input, init);
    const own = new AbortController();
    const { signal } = init;
    const endEarly = () => own.abort(signal.reason);
    signal?.addEventListener("abort", endEarly);
    const response = await fetch(input, { ...init, signal: own.signal });
    signal?.removeEventListener("abort", endEarly);
    const isStream = response.headers.get("content-type")?.includes("text/event-stream");
    if (!response.ok || !isStream) return response;
    const [forPage, forStrip] = response.body.tee();
    current?.abort();
    current = own;
    signal?.addEventListener("abort", () => {
      if (isStopping) own.abort();
    });
    void follow(name, forStrip, own);
    return new Response(endingWith(forPage, signal), response);
  };

  // What GraphiQL lets go of ends for it, though the strip reads on.
  function endingWith(body, signal) {
    const reader = body.getReader();
    signal?.addEventListener("abort", () => void reader.cancel());
    return new ReadableStream({
      async pull(controller) {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: () => reader.cancel(),
    });
  }

  async function follow(name, body, own) {
    tell("running", name);
    try {
      let text = "";
      for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
        text += chunk;
        const blocks = text.split("\n\n");
        text = blocks.pop();
        for (const block of blocks) {
          const line = block.split("\n").find((part) => part.startsWith("data:"));
          const payload = line === undefined ? "" : line.slice(5).trim();
          if (payload !== "") add(JSON.parse(payload));
        }
      }
    } catch {
      // It was ended, or the connection was lost.
    }
    if (current !== own) return;
    current = null;
    tell("ended", name);
  }

  // Every value with its field's name; a name alone says less than what it is the name of: "provider sandbox".
  function leaves(value, field = "", outer = "") {
    if (value === null) return [];
    if (typeof value !== "object") return [(field === "name" ? outer : field) + " " + value];
    return Object.entries(value).flatMap(([key, inner]) => (key === "__typename" ? [] : leaves(inner, key, field)));
  }

  function add({ data, errors }) {
    const [[field, value] = ["error", errors]] = Object.entries(data ?? {});
    const item = document.createElement("li");
    const title = document.createElement("strong");
    title.textContent = value?.__typename ?? field;
    const time = document.createElement("time");
    time.textContent = new Date().toLocaleTimeString("en-GB");
    const details = document.createElement("span");
    details.textContent = leaves(value).join(" · ");
    item.append(time, title, details);
    strip.list.prepend(item);
    while (strip.list.children.length > shown) strip.list.lastChild.remove();
    strip.root.dataset.filled = "";
  }

  function tell(state, name) {
    strip.root.dataset.state = state;
    strip.state.textContent = state === "running"
      ? name + " is running. What comes is shown here too, whichever tab is open."
      : name + " has ended.";
    strip.stop.hidden = state !== "running";
  }

  document.addEventListener("DOMContentLoaded", () => {
    const root = document.createElement("section");
    root.className = "live-strip";
    root.setAttribute("aria-label", "Live events");
    const head = document.createElement("p");
    const mark = document.createElement("b");
    mark.textContent = "Live";
    const state = document.createElement("span");
    state.textContent = "Run tab 2, then go on in any other tab: what happens appears here.";
    const stop = document.createElement("button");
    stop.type = "button";
    stop.textContent = "Stop watching";
    stop.hidden = true;
    stop.addEventListener("click", () => current?.abort());
    head.append(mark, state, stop);
    const list = document.createElement("ol");
    list.setAttribute("role", "log");
    list.setAttribute("aria-label", "Events, the latest first");
    list.tabIndex = 0;
    root.append(head, list);
    document.body.append(root);
    strip = { root, list, state, stop };
  });
}`;

/** GraphiQL's root takes all of the window; it gives the strip its place. */
export const liveStripStyle = `
  body { --strip: 41px }
  body:has(.live-strip[data-filled]) { --strip: 173px }
  #root { position: fixed !important; inset: 0 0 var(--strip) 0 !important; height: auto !important }
  .graphiql-container { height: 100% !important }
  .live-strip { position: fixed; inset: auto 0 0 0; z-index: 1; height: var(--strip); box-sizing: border-box;
    padding: 0 16px; border-top: 1px solid #8886;
    font: 13px/1.5 system-ui, sans-serif; color: #3b4151; background: #f6f7fb }
  .live-strip p { display: flex; gap: 12px; align-items: center; min-height: 40px; margin: 0 }
  .live-strip b { padding: 0 8px; border-radius: 9px; color: #fff; background: #5b6172; font-size: 12px }
  .live-strip[data-state="running"] b { background: #15803d }
  .live-strip button { margin-left: auto; padding: 3px 12px; border: 1px solid #8888; border-radius: 6px; font: inherit;
    color: inherit; background: none; cursor: pointer }
  .live-strip ol { display: none; box-sizing: border-box; height: 132px; margin: 0; padding: 0 0 8px; overflow: auto;
    list-style: none; font: 13px/1.6 ui-monospace, monospace }
  .live-strip[data-filled] ol { display: block }
  .live-strip li { display: flex; gap: 12px; white-space: nowrap }
  .live-strip time { color: #5b6172 }
  .live-strip strong { color: #4338ca }
  @media (prefers-reduced-motion: no-preference) { .live-strip li { animation: live-strip-in 1.5s } }
  @keyframes live-strip-in { from { background: #6366f155 } }
  body.graphiql-dark .live-strip { color: #d4d7e1; background: #1b2133 }
  body.graphiql-dark .live-strip time { color: #a4aabb }
  body.graphiql-dark .live-strip strong { color: #a5b4fc }
  @media (prefers-color-scheme: dark) {
    body:not(.graphiql-light) .live-strip { color: #d4d7e1; background: #1b2133 }
    body:not(.graphiql-light) .live-strip time { color: #a4aabb }
    body:not(.graphiql-light) .live-strip strong { color: #a5b4fc }
  }
`;
