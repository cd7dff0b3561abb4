"use strict";
(function () {
  const section = document.getElementById("queue");
  const controls = section.querySelector(".controls");
  const list = section.querySelector(".cards");
  const tally = section.querySelector(".tally");
  const state = section.querySelector(".state");
  const large = section.querySelector(".large");
  const nothing = section.querySelector(".empty");
  const cards = Array.from(list.querySelectorAll(".card"));
  const headings = Array.from(list.querySelectorAll(".patient"));
  const reader = controls.elements.reader;
  const KEYS = { k: "keep", r: "relabel", u: "unsure", x: "remove" };
  // Hounsfield units that the two pictures of a slice show black and white: as in stacks.py.
  const WIDE = [-1024, 1300], NARROW = [-160, 240];
  const store = "shapcpp-review-" + section.dataset.key;
  const readers = "shapcpp-reader";
  const named = new Intl.Collator(undefined, { numeric: true });
  let decisions = read();
  let enlarged = null;
  let place = 0; // of the slice shown among those around the enlarged one
  let preset = ""; // centre and width in Hounsfield units, or as on the card

  function stored() {
    return Object.assign(Object.create(null), JSON.parse(localStorage.getItem(store)));
  }

  // A page opened from a file may be denied storage: decisions then last as long as it is open.
  function read() {
    const known = Object.create(null);
    try {
      const kept = stored();
      for (const card of cards) {
        const [decision, label] = [kept[card.dataset.id]].flat();
        if (!Object.values(KEYS).includes(decision)) continue;
        known[card.dataset.id] = decision;
        if (label !== undefined && choice(card)) choice(card).value = label;
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
        const id = card.dataset.id, decision = decisions[id];
        delete all[id];
        if (decision) all[id] = choice(card) ? [decision, choice(card).value] : decision;
      }
      localStorage.setItem(store, JSON.stringify(all));
      return true;
    } catch (error) {
      return false;
    }
  }

  // Of three or more classes: which one is the new label.
  function choice(card) {
    return card.querySelector("select[name=new]");
  }

  function newLabel(card) {
    if (decisions[card.dataset.id] !== "relabel") return "";
    if (choice(card)) return choice(card).value;
    return card.dataset.new || "";
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
    if (large && large.open && card === enlarged) caption();
    tell(keep() ? "" : " Decisions cannot be kept in this browser: export before you close the page.");
  }

  function wanted(card) {
    const chosen = (name) => (controls.elements[name] ? controls.elements[name].value : "");
    const decision = decisions[card.dataset.id] || "none";
    return (!chosen("label") || card.dataset.label === chosen("label"))
      && (!chosen("patient") || "=" + card.dataset.patient === chosen("patient"))
      && (!chosen("metric") || card.dataset.lowest.split("\n").includes(chosen("metric")))
      && (!chosen("side") || card.dataset.side === chosen("side"))
      && (!chosen("decision") || decision === chosen("decision"));
  }

  function compare(option) {
    const first = (a, b) => a.dataset.place - b.dataset.place;
    const metric = option.dataset.metric;
    if (metric !== undefined) {
      const value = (card) => Number(card.dataset.values.split(" ")[metric]);
      return (a, b) => value(a) - value(b) || first(a, b);
    }
    if (option.value === "doubt") return first;
    if (option.value === "agreement") {
      return (a, b) => a.dataset.agreement - b.dataset.agreement || first(a, b);
    }
    return (a, b) => named.compare(a.dataset[option.value], b.dataset[option.value]) || first(a, b);
  }

  function arrange() {
    const sorted = cards.slice().sort(compare(controls.elements.sort.selectedOptions[0]));
    for (const card of sorted) card.hidden = !wanted(card);
    list.append(...(headings.length ? withHeadings(sorted) : sorted));
    tell("");
  }

  // The samples of a patient stay together, under the patient's values.
  function withHeadings(sorted) {
    const of = new Map();
    for (const card of sorted) {
      const patient = card.dataset.patient;
      if (!of.has(patient)) of.set(patient, []);
      of.get(patient).push(card);
    }
    return Array.from(of).flatMap(([patient, own]) => {
      const heading = headings.find((one) => one.dataset.patient === patient);
      heading.hidden = own.every((card) => card.hidden);
      return [heading, ...own];
    });
  }

  function visible() {
    return Array.from(list.children).filter((one) => !one.hidden && one.matches(".card"));
  }

  function tell(more) {
    const shown = visible().length;
    const made = Object.values(decisions);
    const number = (name) => made.filter((one) => one === name).length;
    const counts = Object.values(KEYS).filter((name) => name !== "remove" || number(name))
      .map((name) => number(name) + " " + name);
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
    const columns = ["id", "decision", "label", "patient", "new_label", "reader"];
    const lines = cards.filter((card) => decisions[card.dataset.id]).map((card) => {
      const { id, label, patient } = card.dataset;
      return [id, decisions[id], label, patient || "", newLabel(card), reader.value.trim()].map(cell).join(",");
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
    place = Number(card.dataset.at || 0);
    for (const former of large.querySelectorAll("img")) former.remove();
    large.append(small.cloneNode());
    picture();
    caption();
    if (!large.open) large.showModal();
  }

  function caption() {
    const decision = decisions[enlarged.dataset.id] || "";
    large.querySelector(".caption").textContent = enlarged.querySelector("h3").textContent
      + ", labelled " + enlarged.dataset.label + (decision ? ": " + decision : "");
    for (const button of large.querySelectorAll(".decide button")) {
      button.setAttribute("aria-checked", String(button.value === decision));
    }
  }

  function stack() {
    return enlarged.dataset.stack ? enlarged.dataset.stack.split(" ").map((one) => one.split(",")) : [];
  }

  // The slice shown: from the folder beside the page where that is there, else the thumbnail.
  function picture() {
    const image = large.querySelector("img"), slices = stack(), own = enlarged.dataset.window;
    const slider = large.querySelector("[name=slice]");
    large.querySelector(".scroll-slices").hidden = slices.length < 2;
    large.querySelector(".presets").hidden = !own;
    image.style.filter = "";
    if (!slices.length) return;
    slider.max = slices.length - 1;
    slider.value = place;
    const away = place - Number(enlarged.dataset.at);
    large.querySelector("output").textContent = away ? (away > 0 ? "+" : "−") + Math.abs(away) : "this one";
    let name = slices[place][0];
    if (own) {
      const [one, other] = (preset || own).split(" ").map(Number);
      const [low, high] = preset ? [one - other / 2, one + other / 2] : [one, Math.max(other, one + 1)];
      const narrow = low >= NARROW[0] && high <= NARROW[1];
      const [black, white] = narrow ? NARROW : WIDE;
      name = slices[place][narrow ? 1 : 0];
      for (const one of large.querySelectorAll("feFuncR, feFuncG, feFuncB")) {
        one.setAttribute("slope", (white - black) / (high - low));
        one.setAttribute("intercept", (black - low) / (high - low));
      }
      image.style.filter = "url(#window) brightness(var(--brightness, 1)) contrast(var(--contrast, 1))";
    }
    image.addEventListener("error", missing, { once: true });
    image.src = section.dataset.folder + "/" + name + ".jpg";
  }

  function missing(event) {
    for (const card of cards) {
      delete card.dataset.stack;
      delete card.dataset.window;
    }
    event.target.src = enlarged.querySelector("img").src;
    picture();
  }

  function scroll(step) {
    const next = place + step;
    if (next < 0 || next >= stack().length) return;
    place = next;
    picture();
  }

  list.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const card = button.closest(".card");
    if (!card) {
      const patient = button.closest(".patient").dataset.patient;
      for (const one of visible()) if (one.dataset.patient === patient) decide(one, button.value);
      return;
    }
    if (button.className === "look") enlarge(card);
    else decide(card, decisions[card.dataset.id] === button.value ? "" : button.value);
  });
  list.addEventListener("keydown", (event) => {
    if (!event.target.matches("select")) heard(event, event.target.closest(".card"));
  });
  list.addEventListener("change", (event) => {
    if (event.target.name === "new") decide(event.target.closest(".card"), "relabel");
  });
  controls.addEventListener("change", (event) => {
    if (event.target !== reader) arrange();
  });
  reader.addEventListener("input", () => {
    try {
      localStorage.setItem(readers, reader.value);
    } catch (error) { /* denied: it lasts as long as the page */ }
  });
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
      const step = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (step && event.target.type !== "range") {
        scroll(step);
        event.preventDefault();
      } else {
        heard(event, enlarged);
      }
    });
    large.addEventListener("wheel", (event) => {
      if (!event.target.matches("img") || event.ctrlKey) return;
      scroll(event.deltaY < 0 ? 1 : -1);
      event.preventDefault();
    }, { passive: false });
    large.addEventListener("close", () => enlarged.focus());
    large.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button && button.closest(".decide")) {
        const card = enlarged, again = decisions[card.dataset.id] === button.value;
        decide(card, again ? "" : button.value);
        if (!again) move(card, 1);
      } else if (button && button.closest(".presets")) {
        preset = button.value;
        for (const one of large.querySelectorAll(".presets button")) {
          one.setAttribute("aria-checked", String(one === button));
        }
        picture();
      }
      if (!event.target.closest("form")) large.close();
    });
    large.addEventListener("input", (event) => {
      if (event.target.name === "slice") {
        place = Number(event.target.value);
        picture();
        return;
      }
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

  try {
    reader.value = localStorage.getItem(readers) || "";
  } catch (error) { /* denied */ }
  cards.forEach(show);
  for (const look of list.querySelectorAll(".look")) look.disabled = false;
  controls.hidden = tally.hidden = false;
  section.querySelector(".hint").hidden = false;
  arrange();
})();
