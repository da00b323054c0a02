// A scenario file may be dropped anywhere on the page, which hands it to the field for files.
const fileField = (root) => {
  for (const element of root.querySelectorAll("*")) {
    if (element.matches(".filepond--browser")) return element;
    const found = element.shadowRoot && fileField(element.shadowRoot);
    if (found) return found;
  }
  return null;
};
const hasFiles = (event) => event.dataTransfer && event.dataTransfer.types.includes("Files");

document.addEventListener("dragover", (event) => {
  if (hasFiles(event)) event.preventDefault();
});
document.addEventListener("drop", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault(); // else the browser leaves the page for the file
  const onField = event
    .composedPath()
    .some((part) => part.classList && part.classList.contains("filepond--root"));
  const field = fileField(document);
  if (onField || !field || !event.dataTransfer.files.length) return;
  const first = new DataTransfer();
  first.items.add(event.dataTransfer.files[0]);
  field.files = first.files;
  field.dispatchEvent(new Event("change", { bubbles: true }));
});
