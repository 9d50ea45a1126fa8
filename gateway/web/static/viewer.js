// The 3D view of one feature and its family, from CityJSON. Asks only this server; draws only when something has changed.

const COLOURS = {
  RoofSurface: "#b4513c", WallSurface: "#e2d6bd", GroundSurface: "#7d8a80", ClosureSurface: "#b9aed0",
  OuterCeilingSurface: "#c9b28a", OuterFloorSurface: "#a8a08c", InteriorWallSurface: "#efe9da", FloorSurface: "#b8a98c", CeilingSurface: "#d9d2c2",
  Window: "#6fa8cf", Door: "#7b5230", WaterSurface: "#5d9fc6", TrafficArea: "#8b8f92", AuxiliaryTrafficArea: "#a9b39a",
};
const PLAIN = "#aebcc0", EDGE = "#33444a", GROUND = "#e4eae8";
const FADED = 0.28;

function note(element, text) {
  const line = document.createElement("p");
  line.className = "failed";
  line.textContent = text;
  element.replaceChildren(line);
}

async function json(address) {
  const response = await fetch(new URL(address, window.location.href), { headers: { Accept: "application/city+json" } });
  if (!response.ok) throw new Error(`${response.status} ${address}`);
  return response.json();
}

// Vertices near the origin: coordinates of a national grid do not fit the numbers of a graphics card.
function placed(city) {
  const { scale, translate } = city.transform;
  const points = city.vertices.map((vertex) => vertex.map((value, axis) => value * scale[axis] + translate[axis]));
  const low = [Infinity, Infinity, Infinity], high = [-Infinity, -Infinity, -Infinity];
  for (const point of points) point.forEach((value, axis) => { low[axis] = Math.min(low[axis], value); high[axis] = Math.max(high[axis], value); });
  const origin = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]];
  return { points: points.map((point) => point.map((value, axis) => value - origin[axis])), origin };
}

// Surfaces of a geometry with the index of their meaning, whatever its nesting.
function* surfaces(type, boundaries, values) {
  const levels = { MultiSurface: 0, CompositeSurface: 0, Solid: 1, MultiSolid: 2, CompositeSolid: 2 }[type];
  if (levels === undefined) return;
  function* visit(part, meaning, level) {
    if (level === 0) for (const [index, surface] of part.entries()) yield [surface, Array.isArray(meaning) ? meaning[index] : meaning];
    else for (const [index, inner] of part.entries()) yield* visit(inner, Array.isArray(meaning) ? meaning[index] : meaning, level - 1);
  }
  yield* visit(boundaries, values, levels);
}

// Newell's normal: right for any planar ring, also where its first corners lie on a line.
function normal(ring) {
  const found = [0, 0, 0];
  ring.forEach(([x, y, z], index) => {
    const [u, v, w] = ring[(index + 1) % ring.length];
    found[0] += (y - v) * (z + w); found[1] += (z - w) * (x + u); found[2] += (x - u) * (y + v);
  });
  const length = Math.hypot(...found);
  return length > 0 ? found.map((value) => value / length) : null;
}

function triangles(three, rings) {
  const facing = normal(rings[0]);
  if (!facing) return null;
  const [a, b, c] = facing.map(Math.abs);
  const flat = a >= b && a >= c ? ([, y, z]) => new three.Vector2(y, z) : b >= c ? ([x, , z]) => new three.Vector2(z, x) : ([x, y]) => new three.Vector2(x, y);
  const [outer, ...holes] = rings.map((ring) => ring.map(flat));
  const corners = rings.flat();
  const faces = three.ShapeUtils.triangulateShape(outer, holes);
  return { facing, corners: faces.flatMap((face) => outward(face.map((index) => corners[index]), facing)) };
}

// A triangle wound so that it faces as its surface does: light falls by the winding.
function outward([p, q, r], facing) {
  const [u, v] = [q, r].map((corner) => corner.map((value, axis) => value - p[axis]));
  const across = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
  return across[0] * facing[0] + across[1] * facing[1] + across[2] * facing[2] < 0 ? [p, r, q] : [p, q, r];
}

function moved(matrix, anchor, point) {
  const m = matrix ?? [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
  return [0, 1, 2].map((row) => m[row * 4] * point[0] + m[row * 4 + 1] * point[1] + m[row * 4 + 2] * point[2] + m[row * 4 + 3] + anchor[row]);
}

// One geometry as plain rings with their kind of surface; an instance of a template is put in its place.
function* rings(city, points, geometry) {
  let { type, boundaries, semantics } = geometry;
  let corner = (index) => points[index];
  if (type === "GeometryInstance") {
    const templates = city["geometry-templates"], anchor = points[boundaries[0]];
    const template = templates.templates[geometry.template];
    corner = (index) => moved(geometry.transformationMatrix, anchor, templates["vertices-templates"][index]);
    ({ type, boundaries, semantics } = template);
  }
  for (const [surface, meaning] of surfaces(type, boundaries, semantics?.values)) {
    yield { kind: semantics?.surfaces?.[meaning]?.type ?? null, rings: surface.map((ring) => ring.map(corner)) };
  }
}

function lodOf(city, geometry) {
  return String(geometry.lod ?? city["geometry-templates"]?.templates[geometry.template]?.lod ?? "");
}

// Everything of one level of detail as two meshes a kind of surface (the feature asked for, and the rest) with their edges.
function level(three, city, points, lod, own) {
  const parts = new Map();
  let count = 0;
  for (const [id, object] of Object.entries(city.CityObjects)) {
    const side = own.has(id) ? "own" : "rest";
    for (const geometry of object.geometry ?? []) {
      if (lodOf(city, geometry) !== lod) continue;
      for (const surface of rings(city, points, geometry)) {
        const found = triangles(three, surface.rings);
        if (!found) continue;
        const key = `${side} ${surface.kind ?? ""}`;
        const part = parts.get(key) ?? parts.set(key, { side, kind: surface.kind, positions: [], normals: [], count: 0 }).get(key);
        part.count += 1;
        count += 1;
        for (const corner of found.corners) { part.positions.push(...corner); part.normals.push(...found.facing); }
      }
    }
  }
  const group = new three.Group();
  for (const part of parts.values()) {
    const body = mesh(three, part);
    group.add(body, outline(three, body.geometry, part.side));
  }
  const kinds = new Map();
  for (const { kind, count: n } of parts.values()) kinds.set(kind, (kinds.get(kind) ?? 0) + n);
  return { group, kinds, count };
}

function mesh(three, { side, kind, positions, normals }) {
  const shape = new three.BufferGeometry();
  shape.setAttribute("position", new three.Float32BufferAttribute(positions, 3));
  shape.setAttribute("normal", new three.Float32BufferAttribute(normals, 3));
  const isClear = side === "rest";
  const material = new three.MeshLambertMaterial({
    color: COLOURS[kind] ?? PLAIN, side: three.DoubleSide, transparent: isClear, opacity: isClear ? FADED : 1, depthWrite: !isClear,
    polygonOffset: true, polygonOffsetFactor: 1, polygonOffsetUnits: 1,
  });
  return new three.Mesh(shape, material);
}

// Edges where surfaces meet at an angle or end, so that a triangulated wall shows no diagonals.
function outline(three, shape, side) {
  const material = new three.LineBasicMaterial({ color: EDGE, transparent: true, opacity: side === "rest" ? 0.15 : 0.55 });
  return new three.LineSegments(new three.EdgesGeometry(shape, 8), material);
}

// The feature and what lies below it; of the whole family when it is the root.
function descendants(city, id) {
  const found = new Set(), waiting = [id];
  while (waiting.length) {
    const one = waiting.pop();
    if (found.has(one) || !(one in city.CityObjects)) continue;
    found.add(one);
    waiting.push(...(city.CityObjects[one].children ?? []));
  }
  return found.size ? found : new Set(Object.keys(city.CityObjects));
}

function stage(three, OrbitControls, canvas) {
  const renderer = new three.WebGLRenderer({ canvas, antialias: true, alpha: true, preserveDrawingBuffer: true });
  renderer.setPixelRatio(Math.min(window.devicePixelRatio, 2));
  const scene = new three.Scene();
  const camera = new three.PerspectiveCamera(40, 1, 0.1, 10000);
  camera.up.set(0, 0, 1);
  const sky = new three.HemisphereLight("#ffffff", "#a3a79c", 2.1);
  sky.position.set(0, 0, 1);
  scene.add(sky);
  const sun = new three.DirectionalLight("#fff3dd", 1.7);
  scene.add(sun);
  const controls = new OrbitControls(camera, canvas);
  controls.maxPolarAngle = Math.PI * 0.495;
  controls.screenSpacePanning = false;
  controls.enableDamping = false;
  const render = () => renderer.render(scene, camera);
  controls.addEventListener("change", render);
  const resize = () => {
    const { clientWidth: width, clientHeight: height } = canvas.parentElement;
    renderer.setSize(width, height, false);
    camera.aspect = width / Math.max(height, 1);
    camera.updateProjectionMatrix();
    render();
  };
  new ResizeObserver(resize).observe(canvas.parentElement);
  return { renderer, scene, camera, controls, sun, render, resize };
}

function framed(three, view, box) {
  const centre = box.getCenter(new three.Vector3()), radius = Math.max(box.getSize(new three.Vector3()).length() / 2, 1);
  const home = new three.Vector3(0.62, -0.95, 0.62).normalize().multiplyScalar(radius * 2.7).add(centre);
  view.camera.near = radius / 100;
  view.camera.far = radius * 60;
  view.controls.minDistance = radius / 8;
  view.controls.maxDistance = radius * 20;
  view.sun.position.copy(centre).add(new three.Vector3(-0.6, -1, 1.4).multiplyScalar(radius * 4));
  view.sun.target.position.copy(centre);
  const ground = new three.Mesh(new three.CircleGeometry(radius * 3, 64), new three.MeshBasicMaterial({ color: GROUND, depthWrite: false }));
  ground.renderOrder = -1;
  ground.position.set(centre.x, centre.y, box.min.z - radius * 0.002);
  view.scene.add(ground, view.sun.target);
  view.home = () => {
    view.camera.position.copy(home);
    view.controls.target.copy(centre);
    view.camera.updateProjectionMatrix();
    view.controls.update();
    view.render();
  };
  view.home();
}

// Arrows turn, plus and minus come nearer and go away, Home starts again.
function keys(three, element, view) {
  const turn = (azimuth, polar, zoom) => {
    const offset = view.camera.position.clone().sub(view.controls.target);
    const where = new three.Spherical().setFromVector3(new three.Vector3(offset.x, offset.z, -offset.y));
    where.theta += azimuth;
    where.phi = Math.min(Math.max(where.phi + polar, 0.05), Math.PI * 0.495);
    where.radius = Math.min(Math.max(where.radius * zoom, view.controls.minDistance), view.controls.maxDistance);
    const turned = new three.Vector3().setFromSpherical(where);
    view.camera.position.set(turned.x, -turned.z, turned.y).add(view.controls.target);
    view.controls.update();
    view.render();
  };
  const STEPS = {
    ArrowLeft: [-0.12, 0, 1], ArrowRight: [0.12, 0, 1], ArrowUp: [0, -0.08, 1], ArrowDown: [0, 0.08, 1],
    "+": [0, 0, 0.87], "=": [0, 0, 0.87], "-": [0, 0, 1.15],
  };
  element.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Home") view.home();
    else if (STEPS[event.key]) turn(...STEPS[event.key]);
    else return;
    event.preventDefault();
  });
}

function choices(element, lods, chosen, choose) {
  const set = element.querySelector("[data-lods]");
  const legend = set.firstElementChild;
  set.replaceChildren(legend, ...lods.map((lod) => {
    const label = document.createElement("label"), input = document.createElement("input");
    Object.assign(input, { type: "radio", name: "lod", value: lod, checked: lod === chosen });
    input.addEventListener("change", () => choose(lod));
    label.append(input, lod || "–");
    return label;
  }));
}

function legend(element, kinds) {
  const names = JSON.parse(element.dataset.kinds);
  element.querySelector("[data-legend]").replaceChildren(...[...kinds].sort(([, a], [, b]) => b - a).map(([kind, count]) => {
    const line = document.createElement("li"), swatch = document.createElement("span");
    swatch.className = "swatch";
    swatch.style.backgroundColor = COLOURS[kind] ?? PLAIN;
    line.append(swatch, `${names[kind] ?? kind ?? names[""]} (${count.toLocaleString(document.documentElement.lang)})`);
    return line;
  }));
}

async function show(element) {
  const [three, { OrbitControls }, city] = await Promise.all([
    import("./vendor/three.module.js"), import("./vendor/three.OrbitControls.js"), json(element.dataset.cityjson),
  ]);
  const lods = [...new Set(Object.values(city.CityObjects).flatMap((object) => (object.geometry ?? []).map((geometry) => lodOf(city, geometry))))].sort();
  const { points } = placed(city);
  const own = descendants(city, element.dataset.feature);
  const levels = new Map(lods.map((lod) => [lod, level(three, city, points, lod, own)]).filter(([, { count }]) => count > 0));
  if (!levels.size) { element.closest("section").hidden = true; return; }
  const plane = element.querySelector("[data-plane]"), canvas = document.createElement("canvas");
  plane.replaceChildren(canvas);
  const view = stage(three, OrbitControls, canvas);
  let shown = null;
  const choose = (lod) => {
    if (shown) view.scene.remove(shown);
    shown = levels.get(lod).group;
    view.scene.add(shown);
    legend(element, levels.get(lod).kinds);
    element.dataset.lod = lod;
    view.render();
  };
  const itsOwn = new Set((city.CityObjects[element.dataset.feature]?.geometry ?? []).map((geometry) => lodOf(city, geometry)).filter((lod) => Number(lod) > 0));
  const best = [...levels.keys()].filter((lod) => itsOwn.has(lod)).at(-1) ?? [...levels.keys()].at(-1);
  choose(best);
  choices(element, [...levels.keys()], best, choose);
  framed(three, view, new three.Box3().setFromObject(shown));
  view.resize();
  keys(three, plane, view);
  element.querySelector("[data-controls]").hidden = false;
  element.dataset.drawn = "true";
}

for (const element of document.querySelectorAll("[data-cityjson]")) {
  show(element).catch((reason) => { console.error(reason); note(element.querySelector("[data-plane]"), element.dataset.failed); });
}
