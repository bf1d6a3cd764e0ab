import type { StepUpRequirement } from "../callers/step-up.ts";
import type { EnvironmentReader } from "./environment-reader.ts";

/** What may stand in a quoted text of a header, without the space that separates two. */
const claimValue = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

function readValues(reader: EnvironmentReader, name: string, example: string): string[] {
  const value = reader.text(name);
  if (value === null) return [];
  const values = value.split(",").map((text) => text.trim());
  if (values.every((text) => claimValue.test(text))) return values;
  reader.fault(name, "expected values of visible ASCII without spaces and quotes, separated by commas.", example);
  return [];
}

/** What sensitive operations need of a user's login; null where nothing is set. */
export function readStepUp(reader: EnvironmentReader): StepUpRequirement | null {
  const maxAge = reader.text("STEP_UP_MAX_AGE") === null ? null : reader.integer("STEP_UP_MAX_AGE", 300, 1, 31_536_000);
  const acrValues = readValues(reader, "STEP_UP_ACR_VALUES", "urn:example:loa:2");
  const amrValues = readValues(reader, "STEP_UP_AMR", "mfa,hwk");
  return maxAge === null && acrValues.length === 0 && amrValues.length === 0 ? null : { maxAge, acrValues, amrValues };
}
