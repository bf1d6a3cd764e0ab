import type { ServerResponse } from "node:http";
import { type AnswerForm, writeForm } from "../answer-forms.ts";
import type { Answer, Dialect } from "./dialect.ts";
import type { LateFault } from "./fault.ts";

/** What is written instead of the server's own answer. */
export interface Filter {
  readonly dialect: Dialect;
  /** Whether a success holds tokens. */
  readonly tokens: boolean;
  readonly fault: LateFault | null;
  /** Members that replace those of a successful answer; undefined takes one away. */
  readonly overrides: Answer;
  /** How a success with tokens is written, if not as JSON. */
  readonly form: AnswerForm | null;
  /** Nothing of a success is written before this is done. */
  readonly held?: () => Promise<void>;
  /** Told of each answer with tokens. */
  readonly onTokens?: (answer: Answer) => void;
}

/** Lets the server do its work and changes what it then says. */
export function filterAnswer(
  response: ServerResponse,
  { dialect, tokens, fault, overrides, form, held, onTokens }: Filter,
): void {
  const end = response.end.bind(response) as (text: string | Buffer) => ServerResponse;

  async function write(text: string): Promise<void> {
    if (response.statusCode < 400) await held?.();
    if (fault?.kind === "lost") {
      response.socket?.resetAndDestroy();
      return;
    }
    const json = text.startsWith("{") ? (JSON.parse(text) as Answer) : null;
    let written = text;
    if (json !== null && response.statusCode >= 400) {
      const { status, body } = dialect.error(response.statusCode, json);
      response.statusCode = fault?.kind === "error-with-200" ? 200 : status;
      written = JSON.stringify(body);
    } else if (json !== null && tokens) {
      const answer = { ...dialect.tokens(json), ...overrides };
      onTokens?.(answer);
      if (form !== null) {
        response.end = end as ServerResponse["end"];
        for (const name of response.getHeaderNames()) response.removeHeader(name);
        return writeForm(response, form(answer));
      }
      written = JSON.stringify(answer);
    }
    if (fault?.kind === "in-a-page") {
      response.setHeader("content-type", "text/html; charset=utf-8");
      written = `<!doctype html><html><body><pre>${written}</pre></body></html>`;
    }
    response.setHeader("content-length", Buffer.byteLength(written));
    end(written);
  }

  response.end = ((content?: string | Buffer) => {
    void write(String(content ?? ""));
    return response;
  }) as ServerResponse["end"];
}
