/** What Google gives the sidebar. A call returns nothing: its answer comes to the handler. */
type ScriptRunner = {
  withSuccessHandler(handler: (answer: Answer<never>) => void): ScriptRunner;
  withFailureHandler(handler: (error: unknown) => void): ScriptRunner;
} & { [Name in keyof Rpc]?: (...args: unknown[]) => void };

declare const google: { script: { run: ScriptRunner } };
