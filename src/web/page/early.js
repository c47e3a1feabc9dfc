// Applies the preferences that change how the page looks, before anything is shown. This script is
// no module, because those run only when the page was read.

{
  const path = new URL(".", location).pathname.replace(/^\/$/, "");
  const { dataset } = document.documentElement;
  /** The colours of the browser's own bars: one for light systems, one for dark ones. */
  const bars = document.querySelectorAll("meta[name=theme-color]");
  const [light, dark] = [...bars].map(({ content }) => content);

  window.showLook = () => {
    for (const key of ["theme", "clock", "density"]) {
      try {
        dataset[key] = localStorage.getItem(path + key) ?? "";
      } catch {
        // The browser stores nothing.
      }
    }
    bars[0].content = dataset.theme === "dark" ? dark : light;
    bars[1].content = dataset.theme === "light" ? light : dark;
  };
  window.showLook();
}
