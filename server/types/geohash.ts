/**
 * Places on earth as numbers: the globe is a grid of 2^step by 2^step cells, and a cell's number has its column and its
 * row bit by bit, one after the other. So near places mostly have near numbers, and the numbers that begin alike are a
 * larger cell: a range of scores of a sorted set.
 *
 *     step 1      row 1 │ 1 │ 3 │        number   … column bit, row bit, column bit, row bit
 *                 row 0 │ 0 │ 2 │
 *                 column  0   1
 *
 * The grid ends at 85.05° north and south, as that of web maps.
 */

export const longestLongitude = 180;
export const longestLatitude = 85.05112878;
/** The finest grid: its numbers have 52 bits, and fit into a score. */
export const finestStep = 26;
const earthRadiusM = 6372797.560856;
const mercatorMaxM = 20037726.37;
const radiansPerDegree = Math.PI / 180;

export interface Place {
  readonly longitude: number;
  readonly latitude: number;
}

export interface Cell {
  readonly column: number;
  readonly row: number;
  readonly step: number;
}

/** What is searched: a circle, or a box along the meridians, around a place. */
export type Area =
  | { readonly centre: Place; readonly radiusM: number }
  | { readonly centre: Place; readonly widthM: number; readonly heightM: number };

interface Bounds {
  readonly west: number;
  readonly east: number;
  readonly south: number;
  readonly north: number;
}

export function cellOf({ longitude, latitude }: Place, step: number, latitudeMax = longestLatitude): Cell {
  const along = (longitude + longestLongitude) / (2 * longestLongitude);
  const up = (latitude + latitudeMax) / (2 * latitudeMax);
  return { column: Math.floor(along * 2 ** step), row: Math.floor(up * 2 ** step), step };
}

/** The number of a cell, in the bits that the finest grid needs: the first one of the finest cells in it. */
export function firstScore({ column, row, step }: Cell): number {
  return interleaved(column, row) * 4 ** (finestStep - step);
}

/** How many of the finest cells a cell has. */
export function scoreCount(step: number): number {
  return 4 ** (finestStep - step);
}

function interleaved(column: number, row: number): number {
  let number = 0;
  let weight = 1;
  for (let [c, r] = [column, row]; c > 0 || r > 0; c >>>= 1, r >>>= 1) {
    number += ((r & 1) + 2 * (c & 1)) * weight;
    weight *= 4;
  }
  return number;
}

/** The number of the finest cell for any score: what was not added as a place is taken for the nearest one. */
export function cellNumber(score: number): number {
  return Math.min(Math.max(Math.trunc(score), 0), 2 ** 54);
}

/** The middle of the finest cell that a score names. */
export function placeOf(score: number): Place {
  let column = 0;
  let row = 0;
  let weight = 1;
  let rest = cellNumber(score);
  while (rest > 0) {
    const pair = rest % 4;
    rest = (rest - pair) / 4;
    row += (pair & 1) * weight;
    column += (pair >> 1) * weight;
    weight *= 2;
  }
  const { west, east, south, north } = boundsOf({ column, row, step: finestStep });
  return {
    longitude: clamped((west + east) / 2, longestLongitude),
    latitude: clamped((south + north) / 2, longestLatitude),
  };
}

function clamped(value: number, max: number): number {
  return Math.min(Math.max(value, -max), max);
}

function boundsOf({ column, row, step }: Cell): Bounds {
  const cells = 2 ** step;
  const longitude = (at: number) => -longestLongitude + (at / cells) * (2 * longestLongitude);
  const latitude = (at: number) => -longestLatitude + (at / cells) * (2 * longestLatitude);
  return { west: longitude(column), east: longitude(column + 1), south: latitude(row), north: latitude(row + 1) };
}

const alphabet = "0123456789bcdefghjkmnpqrstuvwxyz";
const geohashLength = 11;

/** The standard geohash, whose grid goes to the poles. Of eleven letters the last one is beyond our bits: a 0. */
export function geohashText(place: Place): string {
  const { column, row } = cellOf(place, finestStep, 90);
  let number = BigInt(interleaved(column, row)) << 3n;
  let text = "";
  for (let letter = 0; letter < geohashLength - 1; letter++) {
    text += alphabet[Number((number >> 50n) & 31n)];
    number <<= 5n;
  }
  return `${text}0`;
}

// ── Distances ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** Along a great circle, in metres. */
export function distanceM(from: Place, to: Place): number {
  const halfAlong = Math.sin((to.longitude * radiansPerDegree - from.longitude * radiansPerDegree) / 2);
  if (halfAlong === 0) return latitudeDistanceM(from.latitude, to.latitude);
  const [fromLatitude, toLatitude] = [from.latitude * radiansPerDegree, to.latitude * radiansPerDegree];
  const halfUp = Math.sin((toLatitude - fromLatitude) / 2);
  const a = halfUp * halfUp + Math.cos(fromLatitude) * Math.cos(toLatitude) * halfAlong * halfAlong;
  return 2 * earthRadiusM * Math.asin(Math.sqrt(a));
}

function latitudeDistanceM(from: number, to: number): number {
  return earthRadiusM * Math.abs(to * radiansPerDegree - from * radiansPerDegree);
}

/** How far a place is from the middle of an area; undefined when it is outside. */
export function distanceInside(area: Area, place: Place): number | undefined {
  const { centre } = area;
  if ("widthM" in area) {
    if (latitudeDistanceM(place.latitude, centre.latitude) > area.heightM / 2) return undefined;
    const sameLatitude = { longitude: centre.longitude, latitude: place.latitude };
    if (distanceM(place, sameLatitude) > area.widthM / 2) return undefined;
    return distanceM(centre, place);
  }
  const distance = distanceM(centre, place);
  return distance <= area.radiusM ? distance : undefined;
}

// ── Which cells to look into ────────────────────────────────────────────────────────────────────────────────────────

/** A box around an area. The shorter a circle of latitude, the more degrees the same width has. */
function boundsAround(area: Area): Bounds {
  const { longitude, latitude } = area.centre;
  const halfHeightM = "widthM" in area ? area.heightM / 2 : area.radiusM;
  const halfWidthM = "widthM" in area ? area.widthM / 2 : area.radiusM;
  const up = halfHeightM / earthRadiusM / radiansPerDegree;
  const farLatitude = latitude < 0 ? latitude - up : latitude + up;
  const along = halfWidthM / earthRadiusM / Math.cos(farLatitude * radiansPerDegree) / radiansPerDegree;
  return { west: longitude - along, east: longitude + along, south: latitude - up, north: latitude + up };
}

/** The grid in which a cell is about as large as the area. */
function stepFor(radiusM: number, latitude: number): number {
  if (radiusM === 0) return finestStep;
  let step = 1;
  for (let sizeM = radiusM; sizeM < mercatorMaxM; sizeM *= 2) step++;
  step -= 2;
  // Near the poles cells are narrow.
  if (Math.abs(latitude) > 66) step--;
  if (Math.abs(latitude) > 80) step--;
  return Math.min(Math.max(step, 1), finestStep);
}

function neighbour({ column, row, step }: Cell, along: number, up: number): Cell {
  const cells = 2 ** step;
  return { column: (column + along + cells) % cells, row: (row + up + cells) % cells, step };
}

/** The cell of the centre and its neighbours, those left out that the area does not reach. */
export function cellsAround(area: Area): Cell[] {
  const { centre } = area;
  const radiusM = "widthM" in area ? Math.sqrt((area.widthM / 2) ** 2 + (area.heightM / 2) ** 2) : area.radiusM;
  const wanted = boundsAround(area);
  let step = stepFor(radiusM, centre.latitude);
  if (step > 1 && !isCovered(cellOf(centre, step), wanted)) step--;
  const cell = cellOf(centre, step);
  const own = boundsOf(cell);
  const reaches = {
    north: step < 2 || own.north <= wanted.north,
    south: step < 2 || own.south >= wanted.south,
    east: step < 2 || own.east <= wanted.east,
    west: step < 2 || own.west >= wanted.west,
  };
  const cells = [cell];
  const look = (along: number, up: number) => cells.push(neighbour(cell, along, up));
  if (reaches.north) look(0, 1);
  if (reaches.south) look(0, -1);
  if (reaches.east) look(1, 0);
  if (reaches.west) look(-1, 0);
  if (reaches.north && reaches.east) look(1, 1);
  if (reaches.north && reaches.west) look(-1, 1);
  if (reaches.south && reaches.east) look(1, -1);
  if (reaches.south && reaches.west) look(-1, -1);
  // On a coarse grid two neighbours may be one and the same.
  return cells.filter((one, at) => at === 0 || !isSame(one, cells[at - 1] as Cell));
}

/** Whether the neighbours reach as far as the bounds. */
function isCovered(cell: Cell, wanted: Bounds): boolean {
  return (
    boundsOf(neighbour(cell, 0, 1)).north >= wanted.north &&
    boundsOf(neighbour(cell, 0, -1)).south <= wanted.south &&
    boundsOf(neighbour(cell, 1, 0)).east >= wanted.east &&
    boundsOf(neighbour(cell, -1, 0)).west <= wanted.west
  );
}

function isSame(one: Cell, other: Cell): boolean {
  return one.column === other.column && one.row === other.row;
}
