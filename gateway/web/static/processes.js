// The form of a process and the page of a job: sends an execute request, follows the job, dismisses it.
// The key stays in this tab (sessionStorage) and goes nowhere but to this twin.

const KEY = "gateway-key";

function headers(extra = {}) {
  const key = sessionStorage.getItem(KEY);
  return key ? { ...extra, Authorization: `Bearer ${key}` } : extra;
}

async function ask(address, options = {}) {
  return fetch(address, { ...options, credentials: "omit", headers: headers(options.headers) });
}

function complain(text) {
  const note = document.querySelector("p.failed[role=alert]");
  note.textContent = text;
  note.hidden = false;
}

async function words(response) {
  const problem = await response.json().catch(() => ({}));
  return [problem.parameter, problem.detail ?? response.statusText, problem.cure].filter(Boolean).join(" · ");
}

function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}

async function valueOf(field) {
  const control = field.querySelector("input, select, textarea");
  const kind = field.dataset.kind;
  if (kind === "file") {
    const address = field.querySelector(".reference").value.trim();
    if (address) return { href: address };
    const values = [];
    for (const file of control.files) values.push({ value: await base64(file), encoding: "base64" });
    return values.length ? (control.multiple ? values : values[0]) : undefined;
  }
  const text = control.value;
  if (text === "") return undefined;
  if (kind === "number") return Number(text);
  if (kind === "json") return JSON.parse(text);
  if (kind === "choice" && (text === "true" || text === "false")) return text === "true";
  return text;
}

async function send(form) {
  const inputs = {};
  for (const field of form.querySelectorAll("[data-input]")) {
    try {
      const value = await valueOf(field);
      if (value !== undefined) inputs[field.dataset.input] = value;
    } catch (error) {
      complain(`${field.dataset.input} · ${error.message}`);
      return;
    }
    const file = field.querySelector("input[type=file]");
    if (file?.files.length === 1 && form.querySelector("[data-input=name]") && field.dataset.input === "data") inputs.name ??= file.files[0].name;
  }
  const key = form.querySelector("#key").value.trim();
  if (key) sessionStorage.setItem(KEY, key);
  const response = await ask(form.dataset.execution, {
    method: "POST",
    headers: { "Content-Type": "application/json", Prefer: "respond-async" },
    body: JSON.stringify({ inputs, response: "document" }),
  });
  if (response.status !== 201) {
    complain(await words(response));
    return;
  }
  const job = await response.json();
  const query = new URLSearchParams(form.dataset.query);
  query.set("f", "html");
  if (key) await show(`${form.dataset.jobs}/${job.jobID}`, query);
  else location.assign(`${form.dataset.jobs}/${job.jobID}?${query}`);
}

// A job started with a key is shown by asking for its page with the key, which a plain link cannot send.
async function show(address, query) {
  const response = await ask(`${address}?${query}`, { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  document.querySelector("main").replaceWith(page.querySelector("main"));
  history.replaceState(null, "", `${address}?${query}`);
  begin();
}

function follow(box) {
  const address = box.dataset.job;
  const timer = setInterval(async () => {
    const response = await ask(`${address}?f=json`);
    if (!response.ok) return;
    const job = await response.json();
    box.querySelector("progress").value = job.progress;
    box.querySelector("[data-progress]").textContent = job.progress;
    box.querySelector("[data-message]").textContent = job.message ?? "";
    if (["successful", "failed", "dismissed"].includes(job.status)) {
      clearInterval(timer);
      await show(address, new URLSearchParams(location.search));
    }
  }, 700);
}

async function dismiss(box) {
  const response = await ask(box.dataset.job, { method: "DELETE" });
  if (response.ok) await show(box.dataset.job, new URLSearchParams(location.search));
  else complain(await words(response));
}

async function fetchFile(event) {
  if (!sessionStorage.getItem(KEY)) return;
  event.preventDefault();
  const link = event.currentTarget;
  const response = await ask(link.href);
  if (!response.ok) {
    complain(await words(response));
    return;
  }
  const copy = document.createElement("a");
  copy.href = URL.createObjectURL(await response.blob());
  copy.download = link.textContent;
  copy.click();
  URL.revokeObjectURL(copy.href);
}

function begin() {
  const form = document.querySelector("form.process");
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form).catch((error) => complain(error.message));
  });
  const box = document.querySelector("[data-job]");
  if (!box) return;
  if (box.dataset.finished === "no") follow(box);
  document.querySelector("[data-dismiss]")?.addEventListener("click", () => dismiss(box));
  for (const link of document.querySelectorAll("a[download]")) link.addEventListener("click", fetchFile);
}

begin();
