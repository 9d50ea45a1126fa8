// Reads an endpoint with @camptocamp/ogc-client, every collection page by page, and prints what it found as one JSON document.

import { OgcApiEndpoint } from "@camptocamp/ogc-client";

const PAGE = 300;

async function read(endpoint, id) {
  const ids = [];
  for (let offset = 0; ; offset += PAGE) {
    const page = await endpoint.getCollectionItems(id, PAGE, offset);
    ids.push(...page.map((feature) => feature.id));
    if (page.length < PAGE) break;
  }
  const info = await endpoint.getCollectionInfo(id);
  return {
    ids,
    first: (await endpoint.getCollectionItems(id)).map((feature) => feature.id),
    boxed: (await endpoint.getCollectionItems(id, 1000, 0, null, null, [6.12, 46.19, 6.123, 46.192])).map((feature) => feature.id),
    item: (await endpoint.getCollectionItem(id, ids[0])).id,
    csv: await endpoint.getCollectionItemsUrl(id, { outputFormat: "text/csv", limit: 3 }),
    title: info.title,
    formats: info.itemFormats,
    queryables: info.queryables.map((one) => one.name),
    sortables: info.sortables.map((one) => one.name),
    grids: info.supportedTileMatrixSets,
    tiles: info.vectorTileFormats,
    tileset: await endpoint.getVectorTilesetUrl(id),
    styles: (await endpoint.allStyles(id)).map((one) => one.id),
  };
}

const endpoint = new OgcApiEndpoint(process.argv[2]);
const found = {
  info: await endpoint.info,
  conformance: await endpoint.conformanceClasses,
  has: { features: await endpoint.hasFeatures, tiles: await endpoint.hasTiles },
  features: await endpoint.featureCollections,
  vector: await endpoint.vectorTileCollections,
  grids: await endpoint.tileMatrixSets,
  collections: {},
};
for (const id of found.features) found.collections[id] = await read(endpoint, id);
console.log(JSON.stringify(found));
