// SPDX-License-Identifier: BSL-1.0
// The sidebar: the current page, and the field that finds names of the library and headings of the pages.

const sidebar = document.getElementById("sidebar");
if (matchMedia("(max-width: 60em)").matches) sidebar.open = false;
for (const link of sidebar.querySelectorAll("nav a"))
  if (link.href === location.href.replace(/#.*/, "")) link.setAttribute("aria-current", "page");

const field = document.getElementById("find");
const found = document.getElementById("found");

function rank(name, wanted) {
  const text = name.toLowerCase();
  const last = text.split("::").pop();
  if (last === wanted) return 0;
  if (last.startsWith(wanted)) return 1;
  return text.includes(wanted) ? 2 : 3;
}

field.addEventListener("input", () => {
  const wanted = field.value.trim().toLowerCase();
  const matches = names
    .map(([name, address]) => ({ name, address, rank: wanted ? rank(name, wanted) : 3 }))
    .filter((entry) => entry.rank < 3)
    .sort((a, b) => a.rank - b.rank || a.name.length - b.name.length || (a.name < b.name ? -1 : 1));
  found.replaceChildren(
    ...matches.slice(0, 20).map(({ name, address }) => {
      const link = document.createElement("a");
      link.href = address;
      link.textContent = name;
      const item = document.createElement("li");
      item.append(link);
      return item;
    }),
  );
});

field.addEventListener("keydown", (event) => {
  const first = found.querySelector("a");
  if (event.key === "Enter" && first) location.href = first.href;
});
