import { Connection } from "./connection.js";
import { byId } from "./dom.js";
import { PageToken } from "./page-token.js";

/** @type {{ token: string, endpoint: string, callbackOrigin: string, sandbox: string | null }} */
export const { token: firstToken, endpoint, callbackOrigin, sandbox } = JSON.parse(byId("data").textContent ?? "");

/**
 * Shows why the page has stopped, in one place for all of its parts.
 * @param {string} reason
 */
function showEnd(reason) {
  byId("notice-reason").textContent = `This page has stopped asking the server. ${reason}`;
  byId("notice").hidden = false;
}

export const connection = new Connection({ endpoint, token: new PageToken(firstToken), onEnd: showEnd });

byId("reload").addEventListener("click", () => location.reload());
