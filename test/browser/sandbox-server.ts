import { startTestApp, type TestApp } from "../support/test-app.ts";
import { ClosedBrowser } from "./closed-browser.ts";
import { freePort } from "./popup-stage.ts";

export interface SandboxServer extends AsyncDisposable {
  readonly server: TestApp;
  /** Under which the browser visits it. */
  readonly origin: string;
  readonly sandboxUrl: string;
  readonly browser: ClosedBrowser;
}

/** A server with the sandbox, and a browser that reaches these two only. */
export async function startSandboxServer(environment: Readonly<Record<string, string>> = {}): Promise<SandboxServer> {
  await using stack = new AsyncDisposableStack();
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const server = stack.use(
    await startTestApp({ environment: { SANDBOX: "true", PORT: String(port), PUBLIC_URL: origin, ...environment } }),
  );
  const sandboxUrl = server.app.sandboxUrl!;
  const others = [new URL(sandboxUrl).origin, `http://127.0.0.1:${port}`];
  const browser = stack.use(await ClosedBrowser.launch(origin, others));
  const parts = stack.move();
  return { server, origin, sandboxUrl, browser, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}
