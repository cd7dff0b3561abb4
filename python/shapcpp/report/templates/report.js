"use strict";
(function () {
  const section = document.getElementById("queue");
  const controls = section.querySelector(".controls");
  const list = section.querySelector(".cards");
  const state = section.querySelector(".state");
  const nothing = section.querySelector(".empty");
  const cards = Array.from(list.children);
  const KEYS = { k: "keep", r: "relabel", u: "unsure" };
  const store = "shapcpp-review-" + section.dataset.key;
  const named = new Intl.Collator(undefined, { numeric: true });
  let decisions = read();

  // A page opened from a file may be denied storage: decisions then last as long as it is open.
  function read() {
    const known = Object.create(null);
    try {
      const kept = JSON.parse(localStorage.getItem(store)) || {};
      for (const card of cards) {
        const decision = kept[card.dataset.id];
        if (Object.values(KEYS).includes(decision)) known[card.dataset.id] = decision;
      }
    } catch (error) { /* denied, or not ours */ }
    return known;
  }

  function keep() {
    try {
      localStorage.setItem(store, JSON.stringify(decisions));
      return true;
    } catch (error) {
      return false;
    }
  }

  function show(card) {
    const decision = decisions[card.dataset.id] || "";
    card.dataset.decision = decision;
    for (const radio of card.querySelectorAll("input")) radio.checked = radio.value === decision;
  }

  function decide(card, decision) {
    decisions[card.dataset.id] = decision;
    show(card);
    tell(keep() ? "" : " Decisions cannot be kept in this browser: export before you close the page.");
  }

  function wanted(card) {
    const chosen = (name) => (controls.elements[name] ? controls.elements[name].value : "");
    const decision = decisions[card.dataset.id] || "none";
    return (!chosen("label") || card.dataset.label === chosen("label"))
      && (!chosen("patient") || "=" + card.dataset.patient === chosen("patient"))
      && (!chosen("metric") || card.dataset.lowest.split(" ").includes(chosen("metric")))
      && (!chosen("decision") || decision === chosen("decision"));
  }

  function compare(by) {
    const place = (a, b) => a.dataset.place - b.dataset.place;
    if (by === "doubt") return place;
    if (by === "id" || by === "patient") {
      return (a, b) => named.compare(a.dataset[by], b.dataset[by]) || place(a, b);
    }
    return (a, b) => a.dataset[by] - b.dataset[by] || place(a, b);
  }

  function arrange() {
    const sorted = cards.slice().sort(compare(controls.elements.sort.value));
    for (const card of sorted) card.hidden = !wanted(card);
    list.append(...sorted);
    tell("");
  }

  function visible() {
    return Array.from(list.children).filter((card) => !card.hidden);
  }

  function tell(more) {
    const shown = visible().length;
    const decided = Object.keys(decisions).length;
    nothing.hidden = shown > 0;
    state.textContent = shown + " of " + cards.length + " shown, " + decided + " decided." + more;
  }

  function cell(text) {
    return '"' + String(text).replace(/"/g, '""') + '"';
  }

  function csv() {
    const columns = ["id", "decision", "label", "patient"];
    const lines = cards.filter((card) => decisions[card.dataset.id]).map((card) => {
      const { id, label, patient } = card.dataset;
      return [id, decisions[id], label, patient || ""].map(cell).join(",");
    });
    return [columns.join(","), ...lines, ""].join("\n");
  }

  function save() {
    if (!Object.keys(decisions).length) {
      tell(" Nothing to export yet.");
      return;
    }
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csv()], { type: "text/csv" }));
    link.download = "decisions.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    tell(" Saved as decisions.csv.");
  }

  function move(card, step) {
    const among = visible();
    const next = among[among.indexOf(card) + step];
    if (next) {
      next.focus();
      next.scrollIntoView({ block: "nearest" });
    }
  }

  list.addEventListener("change", (event) => decide(event.target.closest(".card"), event.target.value));
  list.addEventListener("keydown", (event) => {
    const card = event.target.closest(".card");
    const key = event.key.toLowerCase();
    if (!card || event.ctrlKey || event.metaKey || event.altKey) return;
    if (KEYS[key]) {
      decide(card, KEYS[key]);
      move(card, 1);
    } else if (key === "n" || key === "p") {
      move(card, key === "n" ? 1 : -1);
    } else {
      return;
    }
    event.preventDefault();
  });
  controls.addEventListener("change", arrange);
  controls.addEventListener("submit", (event) => event.preventDefault());
  controls.elements.export.addEventListener("click", save);
  controls.elements.clear.addEventListener("click", () => {
    if (!confirm("Forget all decisions on this page?")) return;
    decisions = Object.create(null);
    cards.forEach(show);
    keep();
    arrange();
  });

  cards.forEach(show);
  controls.hidden = false;
  section.querySelector(".hint").hidden = false;
  arrange();
})();
