// Reads a clean QR code from an image that a browser shows, without error correction: what is drawn must already be right.
// Source: ISO/IEC 18004; versions 1 to 5 at error correction level M, which is more than a ticket's code needs.

/** Data codewords of each block, by version, at level M. */
const BLOCKS = { 1: [16], 2: [28], 3: [44], 4: [32, 32], 5: [43, 43] };
const LEVEL_M = 0b00;
const FORMAT_MASK = 0b101010000010010;
const MASKS = [
  (row, column) => (row + column) % 2 === 0,
  (row) => row % 2 === 0,
  (_, column) => column % 3 === 0,
  (row, column) => (row + column) % 3 === 0,
  (row, column) => (Math.floor(row / 2) + Math.floor(column / 3)) % 2 === 0,
  (row, column) => ((row * column) % 2) + ((row * column) % 3) === 0,
  (row, column) => (((row * column) % 2) + ((row * column) % 3)) % 2 === 0,
  (row, column) => (((row + column) % 2) + ((row * column) % 3)) % 2 === 0,
];
const ALPHANUMERIC = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:';

/** The text in the QR code that an <img> shows. */
export async function readQrCode(image) {
  const picture = await image.evaluate((element) => {
    const size = 600;
    const canvas = Object.assign(document.createElement('canvas'), { width: size, height: size });
    const context = canvas.getContext('2d');
    context.fillStyle = '#fff';
    context.fillRect(0, 0, size, size);
    context.drawImage(element, 0, 0, size, size);
    const { data } = context.getImageData(0, 0, size, size);
    return { size, dark: Array.from({ length: size * size }, (_, pixel) => (data[pixel * 4] < 128 ? 1 : 0)).join('') };
  });
  return readModules(sampleModules(picture));
}

/** Rows of booleans, true where dark: the quiet border is cut off, the finder pattern's seven modules give the scale. */
function sampleModules({ size, dark }) {
  const isDark = (x, y) => dark[y * size + x] === '1';
  const numbers = [...Array(size).keys()];
  const rows = numbers.filter((y) => numbers.some((x) => isDark(x, y)));
  const columns = numbers.filter((x) => rows.some((y) => isDark(x, y)));
  if (rows.length === 0) throw new Error('The image is blank.');
  const [top, left, width] = [rows[0], columns[0], columns.at(-1) - columns[0] + 1];
  let finder = 0;
  while (isDark(left + finder, top + 2)) finder += 1;
  const count = Math.round(width / (finder / 7));
  const middle = (index) => (index + 0.5) * (width / count);
  return Array.from({ length: count }, (_, row) =>
    Array.from({ length: count }, (_, column) => isDark(Math.floor(left + middle(column)), Math.floor(top + middle(row)))));
}

function readModules(modules) {
  const size = modules.length;
  const version = (size - 17) / 4;
  if (!(version in BLOCKS)) throw new Error(`${size} modules are no QR code of version 1 to 5.`);
  const { level, mask } = readFormat(modules);
  if (level !== LEVEL_M) throw new Error('The error correction level is not M.');
  const bits = dataModules(size, version).map(([row, column]) => Number(modules[row][column] !== MASKS[mask](row, column)));
  const codewords = Array.from({ length: Math.floor(bits.length / 8) }, (_, index) => bits.slice(index * 8, index * 8 + 8).join(''));
  return readSegments(deinterleave(codewords, BLOCKS[version]).join(''));
}

/** The 15 bits beside the upper left finder pattern. */
function readFormat(modules) {
  const places = [0, 1, 2, 3, 4, 5, 7, 8].map((column) => [8, column]).concat([7, 5, 4, 3, 2, 1, 0].map((row) => [row, 8]));
  const bits = places.reduce((number, [row, column]) => (number << 1) | Number(modules[row][column]), 0) ^ FORMAT_MASK;
  return { level: bits >> 13, mask: (bits >> 10) & 0b111 };
}

/** Modules that carry codewords, in order: two columns at a time, upwards and downwards in turn, from the right. */
function dataModules(size, version) {
  const places = [];
  let upwards = true;
  for (let right = size - 1; right > 0; right -= 2) {
    if (right === 6) right -= 1; // the timing pattern's column is nobody's
    for (let step = 0; step < size; step += 1) {
      const row = upwards ? size - 1 - step : step;
      for (const column of [right, right - 1]) if (!isFunction(row, column, size, version)) places.push([row, column]);
    }
    upwards = !upwards;
  }
  return places;
}

function isFunction(row, column, size, version) {
  const corner = (row < 9 && (column < 9 || column >= size - 8)) || (row >= size - 8 && column < 9);
  const timing = row === 6 || column === 6;
  const centre = size - 7;
  const alignment = version > 1 && Math.abs(row - centre) <= 2 && Math.abs(column - centre) <= 2;
  return corner || timing || alignment;
}

function deinterleave(codewords, blocks) {
  return blocks.flatMap((length, block) => Array.from({ length }, (_, index) => codewords[index * blocks.length + block]));
}

function readSegments(bits) {
  let at = 0;
  const take = (length) => {
    const number = Number.parseInt(bits.slice(at, at + length), 2);
    at += length;
    return number;
  };
  let text = '';
  while (at + 4 <= bits.length) {
    const mode = take(4);
    if (mode === 0) break;
    if (mode === 1) text += digits(take(10), take);
    else if (mode === 2) text += alphanumeric(take(9), take);
    else if (mode === 4) text += Array.from({ length: take(8) }, () => String.fromCharCode(take(8))).join('');
    else throw new Error(`There is no mode ${mode}.`);
  }
  return text;
}

function digits(count, take) {
  let text = '';
  for (let left = count; left > 0; left -= 3) {
    const length = Math.min(3, left);
    text += String(take([0, 4, 7, 10][length])).padStart(length, '0');
  }
  return text;
}

function alphanumeric(count, take) {
  let text = '';
  for (let left = count; left > 1; left -= 2) {
    const pair = take(11);
    text += ALPHANUMERIC[Math.floor(pair / 45)] + ALPHANUMERIC[pair % 45];
  }
  return count % 2 === 1 ? text + ALPHANUMERIC[take(6)] : text;
}
