import type { AuthorizationServerKind } from "../support/authorization-server/dialect.ts";

type Form = (core: string) => string;

/** Whose secrets are planted, and how they are written around their cores. */
export interface CanaryDialect {
  readonly kind: AuthorizationServerKind;
  readonly key: Form;
  readonly accessToken: Form;
  readonly refreshToken: Form;
}

/** Of no shape that anybody would know for a secret: nothing masks one on its way out. */
const plain: Form = (core) => `${core}tail`;
const shapeless = { key: plain, accessToken: plain, refreshToken: plain };

/** As the vendors write them, and as nobody does. */
export const canaryDialects = {
  "Anthropic's secrets": {
    kind: "anthropic",
    key: (core) => `sk-ant-api03-${core}-tail`,
    accessToken: (core) => `sk-ant-oat01-${core}-tail`,
    refreshToken: (core) => `sk-ant-ort01-${core}-tail`,
  },
  "Google's secrets": {
    kind: "google",
    key: (core) => `AIzaSy${core}tail`,
    accessToken: (core) => `ya29.a0${core}-tail`,
    refreshToken: (core) => `1//0g${core}-tail`,
  },
  "OpenAI's secrets": {
    kind: "openai",
    key: (core) => `sk-proj-${core}-tail`,
    accessToken: (core) => `eyJhbGciOiJSUzI1NiJ9.${core}.tail`,
    refreshToken: (core) => `rt_${core}.tail`,
  },
  "shapeless secrets of Anthropic's": { kind: "anthropic", ...shapeless },
  "shapeless secrets of Google's": { kind: "google", ...shapeless },
  "shapeless secrets of OpenAI's": { kind: "openai", ...shapeless },
} as const satisfies Record<string, CanaryDialect>;
