// The maps of the pages. Nothing from anywhere else: a plain ground, a graticule, and the twin's own features and tiles.

const LIMIT = 2000;
const INK = "#0b4f5c", FILL = "#2a8c98", LINE = "#0b4f5c", EXTENT = "#b45f06";
const ID = "\u0000id", ITEMS = "\u0000items";
const EMPTY = { type: "FeatureCollection", features: [] };

function failed(element, reason) {
  const note = document.createElement("p");
  note.className = "failed";
  note.textContent = element.dataset.failed;
  element.replaceChildren(note);
  console.error(reason);
}

function graticule(bounds) {
  const span = Math.max(bounds.getEast() - bounds.getWest(), bounds.getNorth() - bounds.getSouth());
  const steps = [30, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001];
  const step = steps.find((size) => span / size >= 4) ?? steps.at(-1);
  const lines = [];
  const west = Math.max(bounds.getWest() - step, -180), east = Math.min(bounds.getEast() + step, 180);
  const south = Math.max(bounds.getSouth() - step, -85), north = Math.min(bounds.getNorth() + step, 85);
  for (let x = Math.ceil(west / step) * step; x <= east; x += step) lines.push([[x, south], [x, north]]);
  for (let y = Math.ceil(south / step) * step; y <= north; y += step) lines.push([[west, y], [east, y]]);
  return { type: "Feature", properties: {}, geometry: { type: "MultiLineString", coordinates: lines } };
}

function ring([west, south, east, north]) {
  return { type: "Polygon", coordinates: [[[west, south], [east, south], [east, north], [west, north], [west, south]]] };
}

function style() {
  const isArea = ["==", ["geometry-type"], "Polygon"], isLine = ["==", ["geometry-type"], "LineString"], isPoint = ["==", ["geometry-type"], "Point"];
  return {
    version: 8,
    sources: {
      grid: { type: "geojson", data: EMPTY },
      extent: { type: "geojson", data: EMPTY },
      features: { type: "geojson", data: EMPTY, tolerance: 0.1 },
    },
    layers: [
      { id: "ground", type: "background", paint: { "background-color": "#eef2f1" } },
      { id: "grid", type: "line", source: "grid", paint: { "line-color": "#d3dcda", "line-width": 1 } },
      { id: "extent", type: "line", source: "extent", paint: { "line-color": EXTENT, "line-width": 1.5, "line-dasharray": [3, 2] } },
      { id: "areas", type: "fill", source: "features", filter: isArea, paint: { "fill-color": FILL, "fill-opacity": 0.45 } },
      { id: "edges", type: "line", source: "features", filter: isArea, paint: { "line-color": LINE, "line-width": ["interpolate", ["linear"], ["zoom"], 12, 0.4, 17, 1.4] } },
      { id: "lines", type: "line", source: "features", filter: isLine, paint: { "line-color": "#a0382a", "line-width": 2.5 } },
      {
        id: "points", type: "circle", source: "features", filter: isPoint,
        paint: { "circle-color": "#2f7d4f", "circle-radius": ["interpolate", ["linear"], ["zoom"], 12, 1, 15, 2, 18, 6], "circle-stroke-color": "#fff", "circle-stroke-width": ["interpolate", ["linear"], ["zoom"], 15, 0, 17, 1] },
      },
    ],
  };
}

function bounded(geometry, box = [Infinity, Infinity, -Infinity, -Infinity]) {
  const visit = (value) => {
    if (typeof value[0] === "number") {
      box[0] = Math.min(box[0], value[0]); box[1] = Math.min(box[1], value[1]);
      box[2] = Math.max(box[2], value[0]); box[3] = Math.max(box[3], value[1]);
    } else value.forEach(visit);
  };
  if (geometry.geometries) geometry.geometries.forEach((part) => bounded(part, box));
  else if (geometry.coordinates) visit(geometry.coordinates);
  return box;
}

function corners([west, south, east, north]) {
  const pad = 0.0002;
  return [[west - pad, Math.max(south - pad, -85)], [east + pad, Math.min(north + pad, 85)]];
}

// MapLibre keeps no text ids, so the id rides along as a property.
function named(feature, items) {
  return { type: "Feature", geometry: feature.geometry, properties: { ...feature.properties, [ID]: String(feature.id), [ITEMS]: items } };
}

async function json(address) {
  const response = await fetch(address, { headers: { Accept: "application/geo+json, application/json" } });
  if (!response.ok) throw new Error(`${response.status} ${address}`);
  return response.json();
}

function url(path, parameters) {
  const address = new URL(path, window.location.href);
  for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, value);
  return address;
}

function popup(maplibre, map, element, at, feature) {
  const box = document.createElement("div");
  const id = feature.properties[ID];
  const head = document.createElement("strong");
  head.textContent = id;
  const table = document.createElement("table");
  for (const [name, value] of Object.entries(feature.properties).filter(([name, value]) => !name.startsWith("\u0000") && value !== null && value !== "null").slice(0, 8)) {
    const row = table.insertRow();
    const key = document.createElement("th");
    key.textContent = name;
    row.append(key);
    row.insertCell().textContent = String(value);
  }
  box.append(head, table);
  const items = feature.properties[ITEMS];
  if (items) {
    const address = new URL(items, window.location.href);
    address.pathname += `/${encodeURIComponent(id)}`;
    const open = document.createElement("a");
    open.href = address;
    open.textContent = element.dataset.open;
    box.append(open);
  }
  new maplibre.Popup({ maxWidth: "320px" }).setLngLat(at).setDOMContent(box).addTo(map);
}

function clicks(maplibre, map, element, layers = ["points", "lines", "areas"], whole = (feature) => feature) {
  map.on("click", (event) => {
    const [feature] = map.queryRenderedFeatures(event.point, { layers });
    if (feature) popup(maplibre, map, element, event.lngLat, whole(feature));
  });
  for (const layer of layers) {
    map.on("mouseenter", layer, () => { map.getCanvas().style.cursor = "pointer"; });
    map.on("mouseleave", layer, () => { map.getCanvas().style.cursor = ""; });
  }
}

function inView(map, element, limit) {
  const view = map.getBounds();
  const clip = (value, most) => Math.max(-most, Math.min(most, value));
  const bbox = [clip(view.getWest(), 180), clip(view.getSouth(), 90), clip(view.getEast(), 180), clip(view.getNorth(), 90)].map((value) => value.toFixed(7)).join(",");
  return json(url(element.dataset.items, { f: "json", limit, bbox }));
}

function say(element, shown, found) {
  const note = document.getElementById("map-status"), language = document.documentElement.lang;
  const matched = found.numberMatched === undefined ? "> 100000" : found.numberMatched.toLocaleString(language);
  if (note) note.textContent = found.numberReturned ? element.dataset.status.replace("{shown}", shown.toLocaleString(language)).replace("{matched}", matched) : element.dataset.none;
}

async function showView(map, element) {
  const found = await inView(map, element, LIMIT);
  map.getSource("features").setData({ type: "FeatureCollection", features: found.features.map((feature) => named(feature, element.dataset.items)) });
  say(element, found.numberReturned, found);
}

// The collection's own tiles in its own style, by paths on this host, whatever address the twin gives itself.
async function tiled(maplibre, map, element) {
  const [described, style] = await Promise.all([json(url(element.dataset.tiles, { f: "tilejson" })), json(url(element.dataset.style, {}))]);
  const tiles = [`${new URL(element.dataset.tiles, window.location.href)}/{z}/{y}/{x}?f=mvt`];
  for (const name of Object.keys(style.sources)) map.addSource(name, { type: "vector", tiles, minzoom: described.minzoom, maxzoom: described.maxzoom, ...(described.bounds && { bounds: described.bounds }) });
  for (const layer of style.layers) map.addLayer(layer);
  const layers = style.layers.map(({ id }) => id);
  let asked = 0;
  const refresh = async () => {
    const turn = ++asked;
    const shown = new Set(map.queryRenderedFeatures({ layers }).map((feature) => feature.properties[element.dataset.id]));
    const found = await inView(map, element, 1);
    if (turn === asked) say(element, shown.size, found);
  };
  await new Promise((resolve) => {
    const settled = () => {
      if (Object.keys(style.sources).every((name) => map.isSourceLoaded(name))) { map.off("idle", settled); resolve(); }
      else setTimeout(() => map.triggerRepaint(), 100);
    };
    map.on("idle", settled); // the first may come before the tiles are asked for
  });
  await refresh();
  map.on("moveend", () => map.once("idle", () => refresh().catch(console.error)));
  clicks(maplibre, map, element, layers, ({ properties }) => ({ properties: { ...properties, [ID]: properties[element.dataset.id], [ITEMS]: element.dataset.items } }));
}

// A numbered place; it leads to its line in the list of findings.
function mark(maplibre, map, { at: [x, y], n, severity, object, rule, message }) {
  const link = document.createElement("a");
  link.className = `mark ${severity}`;
  link.href = `#finding-${n}`;
  link.textContent = n;
  link.title = [rule, object, message].filter(Boolean).join(" · ");
  new maplibre.Marker({ element: link }).setLngLat([x, Math.max(-85, Math.min(85, y))]).addTo(map);
}

// The points about the middle one: a place with its axes swapped lies on another continent and would hide the others.
function together(points) {
  const middle = [0, 1].map((axis) => points.map(({ at }) => at[axis]).sort((a, b) => a - b)[Math.floor(points.length / 2)]);
  const near = points.filter(({ at }) => Math.abs(at[0] - middle[0]) < 1 && Math.abs(at[1] - middle[1]) < 1);
  return near.length ? near : points;
}

const KINDS = {
  async collection(maplibre, map, element) {
    const box = JSON.parse(element.dataset.box);
    map.fitBounds(corners(box), { padding: 30, maxZoom: 18, animate: false });
    map.getSource("extent").setData({ type: "Feature", properties: {}, geometry: ring(box) });
    if (element.dataset.tiles) return tiled(maplibre, map, element);
    let timer;
    const refresh = () => { clearTimeout(timer); timer = setTimeout(() => showView(map, element).catch(console.error), 150); };
    map.on("moveend", refresh);
    await showView(map, element);
    clicks(maplibre, map, element);
  },
  async item(maplibre, map, element) {
    const feature = await json(new URL(element.dataset.item, window.location.href));
    map.getSource("features").setData(named(feature));
    map.fitBounds(corners(bounded(feature.geometry)), { padding: 60, maxZoom: 19, animate: false });
  },
  async overview(maplibre, map, element) {
    const shown = JSON.parse(element.dataset.overview);
    const all = shown.reduce((whole, { box }) => [Math.min(whole[0], box[0]), Math.min(whole[1], box[1]), Math.max(whole[2], box[2]), Math.max(whole[3], box[3])], [Infinity, Infinity, -Infinity, -Infinity]);
    map.fitBounds(corners(all), { padding: 15, maxZoom: 17, animate: false });
    const features = [];
    await Promise.all(shown.map(async ({ items }) => {
      const found = await json(url(items, { f: "json", limit: 1500 }));
      features.push(...found.features.map((feature) => named(feature, items)));
      map.getSource("features").setData({ type: "FeatureCollection", features });
    }));
    clicks(maplibre, map, element);
  },
  async points(maplibre, map, element) {
    const points = JSON.parse(element.dataset.points);
    const fit = (some) => map.fitBounds(corners(bounded({ coordinates: some.map(({ at }) => at) })), { padding: 60, maxZoom: 18, animate: false });
    for (const point of points) mark(maplibre, map, point);
    const near = together(points), far = points.filter((point) => !near.includes(point));
    fit(near);
    for (const link of document.querySelectorAll("[data-mark]")) {
      const point = points.find(({ n }) => String(n) === link.dataset.mark);
      link.addEventListener("click", () => map.jumpTo({ center: point.at, zoom: Math.max(map.getZoom(), 16) }));
    }
    if (far.length) {
      const all = document.createElement("button");
      all.textContent = element.dataset.all;
      all.addEventListener("click", () => fit(points));
      document.getElementById("map-status").append(`${element.dataset.far.replace("{n}", far.map(({ n }) => n).join(", "))} `, all);
    }
  },
};

async function draw(element) {
  const maplibre = await import("./vendor/maplibre-gl.mjs");
  const map = new maplibre.Map({ container: element, style: style(), attributionControl: false, center: [6.14, 46.2], zoom: 10, dragRotate: false, pitchWithRotate: false });
  map.addControl(new maplibre.NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new maplibre.ScaleControl({ maxWidth: 120 }), "bottom-left");
  await new Promise((resolve, reject) => { map.once("load", resolve); map.once("error", (event) => reject(event.error)); });
  const grid = () => map.getSource("grid").setData(graticule(map.getBounds()));
  map.on("moveend", grid);
  await KINDS[element.dataset.map](maplibre, map, element);
  grid();
  element.dataset.drawn = "true";
}

for (const element of document.querySelectorAll("[data-map]")) draw(element).catch((reason) => failed(element, reason));
