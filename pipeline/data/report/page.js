"use strict";
(() => {
  const { evidence, figures } = JSON.parse(document.getElementById("data").textContent);
  const dialog = document.getElementById("evidence");
  const list = document.getElementById("sentences");
  const root = document.documentElement;

  const element = (name, text, attributes = {}) => {
    const made = document.createElement(name);
    made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };

  // Offsets count code points; a string of the browser counts half of some letters.
  const sentence = ({ text, spans }) => {
    const points = Array.from(text);
    const shown = element("p", "", { lang: "ar", dir: "auto", class: "kept" });
    let at = 0;
    for (const [start, end, label] of spans) {
      shown.append(points.slice(at, start).join(""));
      shown.append(element("mark", points.slice(start, end).join(""), { class: label, title: label.toLowerCase() }));
      at = end;
    }
    shown.append(points.slice(at).join(""));
    return shown;
  };

  const open = (key) => {
    list.replaceChildren(...figures[key].map((n) => {
      const told = evidence[n];
      const item = document.createElement("li");
      const about = [told.report_id, told.published, `${told.outcome.replaceAll("_", " ")}: ${told.size}`, `${Math.round(100 * told.confidence)} %`];
      item.append(sentence(told), element("small", about.filter(Boolean).join(" · "), { dir: "ltr" }));
      return item;
    }));
    dialog.showModal();
  };

  const chosen = (event) => event.target.closest?.("[data-figure]");
  document.addEventListener("click", (event) => {
    const figure = chosen(event);
    if (figure) open(figure.dataset.figure);
    else if (event.target === dialog) dialog.close();
  });
  document.addEventListener("keydown", (event) => {
    const figure = chosen(event);
    if (figure && figure.tagName === "circle" && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      open(figure.dataset.figure);
    }
  });
  document.getElementById("close").addEventListener("click", () => dialog.close());
  document.getElementById("language").addEventListener("click", () => {
    root.lang = root.lang === "en" ? "ar" : "en";
    root.dir = root.lang === "ar" ? "rtl" : "ltr";
  });
})();
