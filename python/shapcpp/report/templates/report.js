"use strict";
(function () {
  const section = document.getElementById("queue");
  const controls = section.querySelector(".controls");
  const list = section.querySelector(".cards");
  const tally = section.querySelector(".tally");
  const state = section.querySelector(".state");
  const large = section.querySelector(".large");
  const nothing = section.querySelector(".empty");
  const cards = Array.from(list.children);
  const KEYS = { k: "keep", r: "relabel", u: "unsure" };
  const store = "shapcpp-review-" + section.dataset.key;
  const named = new Intl.Collator(undefined, { numeric: true });
  const other = (card) => card.querySelector("select.other");
  const asks = cards.some(other); // which of several labels to give
  let decisions = read();
  let enlarged = null;

  function stored() {
    return Object.assign(Object.create(null), JSON.parse(localStorage.getItem(store)));
  }

  // A page opened from a file may be denied storage: decisions then last as long as it is open.
  function read() {
    const known = Object.create(null);
    try {
      const kept = stored();
      for (const card of cards) {
        const [decision, label] = String(kept[card.dataset.id]).split(/:(.*)/s);
        if (Object.values(KEYS).includes(decision)) known[card.dataset.id] = decision;
        if (label && other(card)) other(card).value = label;
      }
    } catch (error) { /* denied, or not ours */ }
    return known;
  }

  // Another page of the same run may list samples that this one does not: theirs stay.
  function keep() {
    try {
      let all = Object.create(null);
      try {
        all = stored();
      } catch (error) { /* not ours */ }
      for (const card of cards) {
        const id = card.dataset.id;
        delete all[id];
        if (decisions[id]) all[id] = other(card) ? decisions[id] + ":" + other(card).value : decisions[id];
      }
      localStorage.setItem(store, JSON.stringify(all));
      return true;
    } catch (error) {
      return false;
    }
  }

  function show(card) {
    const decision = decisions[card.dataset.id] || "";
    card.dataset.decision = decision;
    for (const button of card.querySelectorAll("fieldset button")) {
      button.setAttribute("aria-pressed", String(button.value === decision));
    }
  }

  function decide(card, decision) {
    if (decision) decisions[card.dataset.id] = decision;
    else delete decisions[card.dataset.id];
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
    const made = Object.values(decisions);
    const counts = Object.values(KEYS).map((name) => made.filter((one) => one === name).length + " " + name);
    nothing.hidden = shown > 0;
    state.textContent = shown + " of " + cards.length + " shown, " + made.length + " decided"
      + (made.length ? " (" + counts.join(", ") + ")." : ".") + more;
  }

  // A spreadsheet would take what begins like this for a formula. `shapcpp relabel` takes the
  // apostrophe away again, which is why text that begins with one gets another.
  function cell(text) {
    const safe = /^[=+\-@\t\r＝＋－＠']/.test(text) ? "'" + text : text;
    return '"' + safe.replace(/"/g, '""') + '"';
  }

  function csv() {
    const columns = ["id", "decision", "label", "patient", ...(asks ? ["new_label"] : [])];
    const lines = cards.filter((card) => decisions[card.dataset.id]).map((card) => {
      const { id, label, patient } = card.dataset;
      const given = decisions[id] === "relabel" && other(card) ? other(card).value : "";
      return [id, decisions[id], label, patient || "", ...(asks ? [given] : [])].map(cell).join(",");
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
    if (!next) return;
    next.focus();
    next.scrollIntoView({ block: "nearest" });
    if (large && large.open) enlarge(next);
  }

  // Whether the key was one of ours.
  function press(card, key) {
    if (KEYS[key]) {
      decide(card, KEYS[key]);
      move(card, 1);
    } else if (key === "w") {
      decide(card, "");
    } else if (key === "n" || key === "p") {
      move(card, key === "n" ? 1 : -1);
    } else if (key === "e" && large && !large.open) {
      enlarge(card);
    } else {
      return false;
    }
    return true;
  }

  function heard(event, card) {
    if (!card || event.ctrlKey || event.metaKey || event.altKey) return;
    if (press(card, event.key.toLowerCase())) event.preventDefault();
  }

  function enlarge(card) {
    const small = card.querySelector("img");
    if (!small) return;
    enlarged = card;
    for (const former of large.querySelectorAll("img")) former.remove();
    large.append(small.cloneNode());
    large.querySelector(".caption").textContent = card.querySelector("h3").textContent
      + ", labelled " + card.dataset.label + (decisions[card.dataset.id] ? ": " + decisions[card.dataset.id] : "");
    if (!large.open) large.showModal();
  }

  list.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const card = button.closest(".card");
    if (button.className === "look") enlarge(card);
    else decide(card, decisions[card.dataset.id] === button.value ? "" : button.value);
  });
  list.addEventListener("change", (event) => {
    if (event.target.className === "other") decide(event.target.closest(".card"), "relabel");
  });
  list.addEventListener("keydown", (event) => {
    if (event.target.className !== "other") heard(event, event.target.closest(".card"));
  });
  controls.addEventListener("change", arrange);
  controls.addEventListener("submit", (event) => event.preventDefault());
  controls.elements.export.addEventListener("click", save);
  controls.elements.clear.addEventListener("click", () => {
    if (!confirm("Withdraw all decisions on this page?")) return;
    decisions = Object.create(null);
    cards.forEach(show);
    keep();
    arrange();
  });

  if (large) {
    large.addEventListener("keydown", (event) => {
      heard(event, enlarged);
      if (event.defaultPrevented) enlarge(enlarged); // with what was decided
    });
    large.addEventListener("close", () => enlarged.focus());
    large.addEventListener("click", (event) => {
      if (!event.target.closest("form")) large.close();
    });
    large.addEventListener("input", (event) => {
      section.classList.add("adjusted");
      section.style.setProperty("--" + event.target.name, event.target.value);
    });
  }

  addEventListener("storage", (event) => {
    if (event.key !== store) return;
    decisions = read();
    cards.forEach(show);
    tell(" Decided in another window too.");
  });

  cards.forEach(show);
  for (const look of list.querySelectorAll(".look")) look.disabled = false;
  controls.hidden = tally.hidden = false;
  section.querySelector(".hint").hidden = false;
  arrange();
})();
