// What keeps the page from working although it was loaded: plain HTTP finds it out. This script is
// no module, because with modules a browser names the page's origin, for which they may be refused.

{
  /** Characters of a refusal that are shown. */
  const LONGEST = 400;
  /** How long an answer may take, in milliseconds. */
  const PATIENCE = 10_000;

  /** What keeps WebSocket from connecting, in words; empty if that is not known. */
  window.findObstacle = async () => {
    const refusal = await findRefusal();
    return refusal === "" ? "A proxy between this page and the server does not pass WebSocket on." : refusal ?? "";
  };

  /** The words of a refusal; empty if nothing is refused, undefined if the server cannot be asked. */
  async function findRefusal() {
    const health = await ask("healthz", "GET");
    // A POST names the page's origin, as WebSocket does and a GET does not.
    const answer = health?.ok ? await ask("ws", "POST") : health;
    if (answer?.status === 403) return `The connection is refused: ${await words(answer)}`;
    return health?.ok && answer?.status < 500 ? "" : undefined;
  }

  async function ask(path, method) {
    const headers = { Accept: "text/plain" }, signal = AbortSignal.timeout(PATIENCE);
    try {
      return await fetch(path, { method, headers, cache: "no-store", signal });
    } catch {
      return undefined;
    }
  }

  async function words(answer) {
    const text = await answer.text().catch(() => "");
    const isPage = answer.headers.get("Content-Type")?.startsWith("text/html");
    const words = isPage ? new DOMParser().parseFromString(text, "text/html").body.textContent : text;
    return words.replace(/\s+/g, " ").trim().slice(0, LONGEST);
  }

  const isParsed = new Promise((parsed) => addEventListener("DOMContentLoaded", parsed));

  // Such an event does not bubble.
  addEventListener("error", async ({ target }) => {
    if (!(target instanceof HTMLScriptElement)) return;
    const obstacle = await findRefusal() || "The page was not loaded completely. Reload it to try again.";
    await isParsed;
    document.getElementById("status").textContent = obstacle;
  }, true);
}
