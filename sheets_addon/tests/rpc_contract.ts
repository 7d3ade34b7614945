/** Only for the type checker: Server.js has every function of `Rpc`, with its arguments and its answer. */
const _server: { [Name in keyof Rpc]: (...args: Parameters<Rpc[Name]>) => Answer<ReturnType<Rpc[Name]>> } = {
  getStart,
  detectSelection,
  listFields,
  planRun,
  startJob,
  listJobs,
  getJob,
  cancelJob,
  retryJob,
  undoJob,
  giveAccess,
  selectRows,
  getUsage,
  getSettings,
  getVersion,
  connectFormulas,
  recalculateFormulas,
  forgetChoices,
  erasePerson,
  liftErasure,
};
void _server;
