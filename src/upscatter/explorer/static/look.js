// Open the dark page where the system is dark and the address does not say which one is wanted.
const address = new URL(window.location.href);
if (
  !address.searchParams.has("theme") &&
  window.matchMedia("(prefers-color-scheme: dark)").matches
) {
  address.searchParams.set("theme", "dark");
  window.location.replace(address);
}

// The address follows the state of the page. Without entries of its own for each move, the back
// button leaves the page, as one expects, and does not change the address alone.
window.history.pushState = window.history.replaceState;
