// @ts-check
/**
 * What a formula showed last, so that a recalculation asks nobody. Sheets recalculates on open, sort, insert, copy and
 * at times on its own. The document's cache, not the script's: what one file paid for is not shown in another.
 *
 * Limits of CacheService: key 250 characters, value 100 kB, 1,000 items, 6 hours.
 */

const CACHE_SECONDS = 21600;
/** A lookup that failed may work a minute later; until then, recalculating asks nobody either. */
const TROUBLE_SECONDS = 60;
/** UTF-16 units a piece: at most 3 bytes each in UTF-8, so below 100 kB with its head. */
const PIECE_LENGTH = 32000;
const MOST_PIECES = 60;

/**
 * @param {unknown} question anything that JSON can tell apart
 * @returns {string} of 56 characters
 */
function cacheKey_(question) {
  const digest = Utilities.computeDigest(
    Utilities.DigestAlgorithm.SHA_256,
    JSON.stringify(question),
    Utilities.Charset.UTF_8,
  );
  return `leadfill.v1.${Utilities.base64EncodeWebSafe(digest)}`;
}

/**
 * @param {string} key
 * @returns {any} undefined where it is not there, or not whole
 */
function cached_(key) {
  const cache = CacheService.getDocumentCache();
  const first = cache?.get(key);
  if (!cache || !first) return undefined;
  const { pieces, stamp, text } = pieceFrom_(first);
  if (pieces === 1) return decodeJson_(text);
  const keys = Array.from({ length: pieces - 1 }, (_, i) => `${key}.${i + 1}`);
  const found = cache.getAll(keys);
  const texts = [text];
  for (const other of keys) {
    const piece = found[other] ? pieceFrom_(found[other]) : null;
    // Another formula run may have written in between; pieces of two writings do not fit together.
    if (piece?.stamp !== stamp) return undefined;
    texts.push(piece.text);
  }
  return decodeJson_(texts.join(""));
}

/**
 * @param {string} key
 * @param {unknown} value
 * @param {number} seconds
 */
function cache_(key, value, seconds) {
  const text = JSON.stringify(value);
  const pieces = Math.ceil(text.length / PIECE_LENGTH);
  if (pieces > MOST_PIECES) return; // It would push all other formulas out; the store knows the leads anyway.
  const stamp = Utilities.getUuid().slice(0, 8);
  /** @type {Record<string, string>} */
  const entries = {};
  for (let i = 0; i < pieces; i++) {
    const piece = text.slice(i * PIECE_LENGTH, (i + 1) * PIECE_LENGTH);
    entries[i === 0 ? key : `${key}.${i}`] = `${pieces}|${stamp}|${piece}`;
  }
  CacheService.getDocumentCache()?.putAll(entries, seconds);
}

/**
 * @param {string} entry
 * @returns {{ pieces: number, stamp: string, text: string }}
 */
function pieceFrom_(entry) {
  const [pieces = "0", stamp = ""] = entry.split("|", 2);
  return { pieces: Number(pieces), stamp, text: entry.slice(pieces.length + stamp.length + 2) };
}
