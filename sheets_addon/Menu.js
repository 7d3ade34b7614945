// @ts-check
/**
 * The menu and what its items open. onOpen may run before anybody has authorized anything, so it builds the menu and
 * touches nothing else.
 */

/** Also runs where only the menu may be built (authorization mode NONE). */
function onOpen() {
  SpreadsheetApp.getUi()
    .createAddonMenu()
    .addItem("Enrich…", "showEnrich")
    .addItem("Enrich selection again with last settings", "enrichAgain")
    .addSeparator()
    .addItem("Calculate waiting formulas", "calculateWaitingFormulas")
    .addItem("Freeze formulas", "freezeFormulas")
    .addSeparator()
    .addItem("Run history & usage", "showHistory")
    .addItem("Settings", "showSettings")
    .addToUi();
}

/** Right after the installation the file is open already, so that onOpen does not come by itself. */
function onInstall() {
  onOpen();
}

function showEnrich() {
  openSidebar_("enrich");
}

/** Goes straight to the plan: the bill comes first, also the second time. */
function enrichAgain() {
  openSidebar_("again");
}

function showHistory() {
  openSidebar_("history");
}

function showSettings() {
  openSidebar_("settings");
}

/** @param {"enrich" | "again" | "history" | "settings"} view */
function openSidebar_(view) {
  // People can untick single permissions in Google's prompt. This asks again for what is missing, before anything half works.
  ScriptApp.requireAllScopes(ScriptApp.AuthMode.FULL);
  const template = HtmlService.createTemplateFromFile("Sidebar");
  template.view = view;
  SpreadsheetApp.getUi().showSidebar(template.evaluate().setTitle("Leadfill"));
}

/**
 * Used by Sidebar.html: puts one file into another.
 *
 * @param {string} file
 * @returns {string}
 */
function include_(file) {
  return HtmlService.createHtmlOutputFromFile(file).getContent();
}
