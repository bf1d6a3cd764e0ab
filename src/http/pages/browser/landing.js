import { followEvents } from "./landing-events.js";
import { keepShowingProviders } from "./landing-providers.js";
import { offerWalk } from "./landing-walk.js";

for (const item of document.querySelectorAll("[data-live]")) item.removeAttribute("hidden");
for (const item of document.querySelectorAll("[data-still]")) item.setAttribute("hidden", "");
offerWalk();
void keepShowingProviders();
void followEvents();
