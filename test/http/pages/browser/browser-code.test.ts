import { Script } from "node:vm";
import { expect, test } from "vitest";
import { readBrowserScript, readBrowserStyle } from "../../../../src/http/pages/browser-code.ts";

test.each(["landing.js", "graphiql-forgetful.js", "graphiql-live-strip.js", "callback.js"])(
  "%s and what it imports become one script without modules",
  (entry) => {
    const script = readBrowserScript(entry);
    // Two modules with the same name at their top level would be a SyntaxError here.
    expect(() => new Script(script)).not.toThrow();
    expect(script).not.toMatch(/^\s*(import|export)\b/m);
    expect(script).not.toMatch(/<\/script|<!--/i);
  },
);

test("a module stands once, and after what it imports", () => {
  const script = readBrowserScript("landing.js");
  const places = ["class Refusal ", "class Connection ", "function followEvents(", "void followEvents()"];
  const found = places.map((text) => script.split(text).length - 1);
  expect(found).toEqual([1, 1, 1, 1]);
  expect(places.map((text) => script.indexOf(text))).toEqual(
    places.map((text) => script.indexOf(text)).toSorted((one, other) => one - other),
  );
});

test.each(["landing.css", "callback.css", "graphiql.css", "graphiql-live-strip.css"])(
  "%s cannot end its element",
  (file) => {
    expect(readBrowserStyle(file)).not.toMatch(/<\//);
  },
);
