// @ts-check
import { Exception, partOf } from "./host.js";
import { sha256 } from "./sha256.js";

const LONGEST_SLEEP_MS = 300_000;

/**
 * Utilities. Bytes are signed, as in Apps Script.
 *
 * @param {import("./host.js").Host} host
 * @returns {GoogleAppsScript.Utilities.Utilities}
 */
export function utilities(host) {
  return partOf("Utilities", {
    DigestAlgorithm: { SHA_256: "SHA_256" },
    Charset: { UTF_8: "UTF_8", US_ASCII: "US_ASCII" },
    getUuid: () => crypto.randomUUID(),
    /** @param {number} ms */
    sleep: (ms) => host.sleep(Math.min(ms, LONGEST_SLEEP_MS)),
    /** @param {string} algorithm @param {string | number[]} value */
    computeDigest(algorithm, value) {
      if (algorithm !== "SHA_256") throw new Exception("This page computes SHA_256 digests only.");
      return signed(sha256(bytesOf(value)));
    },
    /** @param {string | number[]} data */
    base64Encode: (data) => base64(data),
    /** @param {string | number[]} data */
    base64EncodeWebSafe: (data) => base64(data).replaceAll("+", "-").replaceAll("/", "_"),
    /** @param {string | number[]} data */
    newBlob: (data) => partOf("Blob", { getDataAsString: () => new TextDecoder().decode(bytesOf(data)) }),
    /** @param {string} text */
    base64Decode: (text) => signed(Uint8Array.from(atob(text), (mark) => mark.charCodeAt(0))),
    /** @param {string} text */
    base64DecodeWebSafe: (text) =>
      signed(Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (mark) => mark.charCodeAt(0))),
  });
}

/**
 * @param {string | number[]} data
 * @returns {Uint8Array}
 */
function bytesOf(data) {
  return typeof data === "string" ? new TextEncoder().encode(data) : Uint8Array.from(data, (byte) => byte & 255);
}

/**
 * @param {Uint8Array} bytes
 * @returns {number[]} -128 … 127
 */
function signed(bytes) {
  return Array.from(bytes, (byte) => (byte > 127 ? byte - 256 : byte));
}

/**
 * @param {string | number[]} data
 * @returns {string}
 */
function base64(data) {
  return btoa(Array.from(bytesOf(data), (byte) => String.fromCharCode(byte)).join(""));
}
