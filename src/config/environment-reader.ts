import { readFileSync, statSync } from "node:fs";
import { withoutQuotes } from "../lib/pasted-text.ts";
import { decodeText, TextEncodingError } from "../lib/text-bytes.ts";

/** What is wrong with one variable, and a value that would do. Each text is one line. */
export interface ConfigFault {
  readonly name: string;
  readonly problem: string;
  readonly example: string;
  /** What mends it, where setting the variable does not. */
  readonly cure?: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Bytes of a file that holds a variable's value. Longer than any key, certificate or list. */
const maxFileBytes = 65_536;

/** Reads variables one by one and remembers what was wrong with them. */
export class EnvironmentReader {
  readonly faults: ConfigFault[] = [];
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  fault(name: string, problem: string, example: string, cure?: string): void {
    this.faults.push({ name, problem, example, ...(cure === undefined ? {} : { cure }) });
  }

  /**
   * The value of a variable, or of the file that `<name>_FILE` names, as secrets are mounted into containers. An empty
   * variable counts as absent, as compose files and shells produce them.
   */
  text(name: string): string | null {
    const value = this.#unquoted(name, this.#variable(name));
    const file = this.#unquoted(`${name}_FILE`, this.#variable(`${name}_FILE`));
    if (file === null) return value;
    if (value === null) return this.#unquoted(`${name}_FILE`, this.#fileText(`${name}_FILE`, file));
    this.#faultOnce(`${name}_FILE`, `cannot be set together with ${name}.`, "Unset one of the two.");
    return value;
  }

  #variable(name: string): string | null {
    const value = this.#environment[name]?.trim();
    return value === undefined || value === "" ? null : value;
  }

  /**
   * A shell takes quotes off, where `docker run --env-file`, systemd's `Environment=` and mounted files leave some of
   * them in the value. No setting has a value in quotes.
   * @returns the value without them, so that they alone are complained of
   */
  #unquoted(name: string, value: string | null): string | null {
    const inner = value === null ? null : withoutQuotes(value);
    if (inner === null) return value;
    this.#faultOnce(
      name,
      "is in quotes, which are taken as part of the value.",
      `Remove the quotes around the value of ${name}.`,
    );
    return inner.trim() === "" ? null : inner.trim();
  }

  #fileText(name: string, file: string): string | null {
    try {
      const stats = statSync(file);
      if (stats.isFile() && stats.size <= maxFileBytes) {
        const value = decodeText(readFileSync(file)).trim();
        if (value !== "") return value;
        this.#faultOnce(name, "names an empty file.", "Put the value into that file.");
      } else {
        this.#faultOnce(
          name,
          `must name a file of at most ${maxFileBytes} bytes.`,
          "Name a file that holds nothing but the value.",
        );
      }
    } catch (error) {
      if (error instanceof TextEncodingError) {
        this.#faultOnce(name, `names a file that ${error.message}.`, error.cure);
        return null;
      }
      const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
      this.#faultOnce(
        name,
        `names a file that cannot be read (${code}).`,
        "Name a file that exists and that the user of this process may read.",
      );
    }
    return null;
  }

  /** Some variables are read more than once. */
  #faultOnce(name: string, problem: string, cure: string): void {
    if (this.faults.some((fault) => fault.name === name)) return;
    this.fault(name, problem, "/run/secrets/value", cure);
  }

  integer(name: string, fallback: number, minimum: number, maximum: number): number {
    const value = this.text(name);
    if (value === null) return fallback;
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= minimum && number <= maximum) return number;
    this.fault(name, `expected a whole number from ${minimum} to ${maximum}.`, String(fallback));
    return fallback;
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.text(name);
    if (value === null) return fallback;
    if (value === "true" || value === "false") return value === "true";
    this.fault(name, "expected true or false.", String(!fallback));
    return fallback;
  }

  choice(name: string, fallback: string, choices: readonly string[]): string {
    const value = this.text(name);
    if (value === null || choices.includes(value)) return value ?? fallback;
    this.fault(name, `expected one of ${choices.join(", ")}.`, fallback);
    return fallback;
  }

  url(name: string, protocols: readonly string[], example: string): URL | null {
    const value = this.text(name);
    if (value === null) return null;
    const url = URL.parse(value);
    if (url !== null && protocols.includes(url.protocol)) return url;
    this.fault(name, `expected a URL that starts with ${protocols.map((p) => `${p}//`).join(" or ")}.`, example);
    return null;
  }

  /** A URL that paths are added to. */
  baseUrl(name: string, example: string): URL | null {
    const url = this.url(name, ["https:", "http:"], example);
    if (url !== null && (url.search !== "" || url.hash !== "" || url.username !== "" || url.password !== "")) {
      this.fault(name, "must not have a query, a fragment or a user name.", example);
    }
    return url;
  }
}
