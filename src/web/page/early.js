// Applies the preferences that change how the page looks, before anything is shown. This script is
// no module, because those run only when the page was read.

{
  const path = new URL(".", location).pathname.replace(/^\/$/, "");
  for (const key of ["theme", "clock", "density"]) {
    try {
      document.documentElement.dataset[key] = localStorage.getItem(path + key) ?? "";
    } catch {
      // The browser stores nothing.
    }
  }
}
