// Keeps the page itself, so that without the server it opens and says so. Whatever the server gives
// comes first; nothing of what people say is kept.

const NAME = "page";
/** The page and what it consists of, as paths below where it is. */
const PART = /^(?:[a-z]+\.(?:js|css|png|webmanifest))?$/;

const isPart = (url) => url.startsWith(registration.scope) && PART.test(url.slice(registration.scope.length).replace(/[#?].*/, ""));

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));

// What was loaded before this worker ran, and need not be loaded again.
addEventListener("message", async ({ data }) => {
  const cache = await caches.open(NAME);
  const parts = data.filter(isPart).map((url) => new Request(url, { cache: "force-cache" }));
  await cache.addAll(parts).catch(() => {});
});

addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  if (method === "GET" && isPart(url)) event.respondWith(answer(event.request));
});

async function answer(request) {
  const cache = await caches.open(NAME);
  const fresh = await fetch(request).catch(() => undefined);
  if (fresh?.ok) await cache.put(request, fresh.clone());
  // A proxy answers in place of a server that is down.
  if (fresh && fresh.status < 502) return fresh;
  return (await cache.match(request)) ?? fresh ?? Response.error();
}
