import type { Adapter, AdapterFactory, AdapterPayload } from "oidc-provider";

interface Entry {
  readonly model: string;
  readonly payload: AdapterPayload;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** What gives access, or may become it. Sessions and open questions stay when tokens are revoked. */
const access = ["Grant", "AccessToken", "RefreshToken", "AuthorizationCode", "DeviceCode"];
/** So many entries may lie there before those that have ended are looked for. */
const sweepAbove = 1_000;

/** Where the authorization server keeps everything, in memory: sessions, codes, tokens, grants. */
export class TokenStore {
  readonly #entries = new Map<string, Entry>();

  /** How many refresh tokens can still be used: one for each sign-in. */
  get signIns(): number {
    return this.#live("RefreshToken").filter(({ payload }) => payload.consumed === undefined).length;
  }

  revokeAll(): void {
    for (const [key, { model }] of this.#entries) if (access.includes(model)) this.#entries.delete(key);
  }

  /** One adapter for each kind of thing, as the library wants it. */
  readonly adapters: AdapterFactory = (model): Adapter => {
    const key = (id: string) => `${model}:${id}`;
    const find = (id: string) => {
      const entry = this.#entries.get(key(id));
      return entry === undefined || entry.expiresAt <= Date.now() ? undefined : entry.payload;
    };
    const findBy = (name: "userCode" | "uid", value: string) =>
      this.#live(model).find(({ payload }) => payload[name] === value)?.payload;
    return {
      upsert: async (id, payload, lifetime) => {
        if (this.#entries.size > sweepAbove) this.#sweep();
        this.#entries.set(key(id), { model, payload, expiresAt: lifetime ? Date.now() + lifetime * 1000 : Infinity });
      },
      find: async (id) => find(id),
      findByUserCode: async (code) => findBy("userCode", code),
      findByUid: async (uid) => findBy("uid", uid),
      consume: async (id) => {
        const payload = find(id);
        if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1000);
      },
      destroy: async (id) => void this.#entries.delete(key(id)),
      revokeByGrantId: async (grantId) => {
        for (const [id, { payload }] of this.#entries) if (payload.grantId === grantId) this.#entries.delete(id);
      },
    };
  };

  #live(model: string): Entry[] {
    const now = Date.now();
    return [...this.#entries.values()].filter((entry) => entry.model === model && entry.expiresAt > now);
  }

  #sweep(): void {
    const now = Date.now();
    for (const [key, { expiresAt }] of this.#entries) if (expiresAt <= now) this.#entries.delete(key);
  }
}
