// @ts-check
/**
 * The addresses of this team's backend. `make deploy` fills them in when it pushes the add-on, so they are code of the
 * script: whoever may only use the add-on cannot change them.
 */

/** @type {{ api: string, formula: string }} */
const ADDRESSES = { api: "", formula: "" };
