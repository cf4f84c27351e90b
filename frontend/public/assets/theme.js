// Runs before the first paint so that a stored theme never flashes; a file of its own because
// the content security policy allows no inline script.
(function () {
  var stored = null;
  try {
    stored = localStorage.getItem("studio.theme");
  } catch (error) {
    stored = null; // storage is blocked: follow the system
  }
  var dark = stored === "dark" || (stored !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.classList.toggle("dark", dark);
})();
