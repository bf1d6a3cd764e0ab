// Loaded before the program (`node --require`), whose syntax an older Node cannot even read: plain JavaScript that every
// Node can. The installed command has the same rule in bin.ts.
"use strict";

var oldest = 24;

if (Number(process.versions.node.split(".")[0]) < oldest) {
  process.stderr.write(
    "Maestro Auth needs Node " +
      oldest +
      " or later, and this is v" +
      process.versions.node +
      ". Get it from " +
      "https://nodejs.org, or by `nvm install " +
      oldest +
      "`; on Linux `npm ci` brings one, unless it omits optional packages.\n",
  );
  process.exit(1);
}
