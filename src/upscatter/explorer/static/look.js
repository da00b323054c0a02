// Open the dark page where the system is dark and the address does not say which one is wanted.
const address = new URL(window.location.href);
if (
  !address.searchParams.has("theme") &&
  window.matchMedia("(prefers-color-scheme: dark)").matches
) {
  address.searchParams.set("theme", "dark");
  window.location.replace(address);
}
