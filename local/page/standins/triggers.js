// @ts-check
import { askServer, Exception, partOf, refuseInFormula } from "./host.js";

/** How often Apps Script lets a time trigger run. */
const MINUTES = [1, 5, 10, 15, 30];

/**
 * The part of ScriptApp that makes time triggers. They are kept for the person; the page, or a test, runs those that are due.
 *
 * @param {import("./host.js").Host} host
 * @returns {object}
 */
export function triggers(host) {
  const area = `/kept/${encodeURIComponent(`triggers.${host.execution.email}`)}`;
  /** @returns {Record<string, string>} id → JSON */
  const kept = () => askServer(host, "POST", area, { get: null });
  return {
    getProjectTriggers() {
      refuseInFormula(host, "ScriptApp.getProjectTriggers");
      return Object.entries(kept()).map(([id, text]) =>
        partOf("Trigger", { getUniqueId: () => id, getHandlerFunction: () => JSON.parse(text).run }),
      );
    },
    /** @param {{ getUniqueId(): string }} trigger */
    deleteTrigger: (trigger) => void askServer(host, "POST", area, { remove: [trigger.getUniqueId()] }),
    /** @param {string} run */
    newTrigger(run) {
      refuseInFormula(host, "ScriptApp.newTrigger");
      /** @param {number} minutes */
      const every = (minutes) =>
        partOf("ClockTriggerBuilder", {
          create: () => {
            if (host.execution.refusesTriggers) throw new Exception("Script does not have permission to perform that action.");
            if (host.execution.isPublished && minutes < 60)
              throw new Exception("The add-on attempted to create a time-driven trigger that runs too often.");
            const id = crypto.randomUUID();
            askServer(host, "POST", area, { put: { [id]: JSON.stringify({ run, minutes }) } });
            return partOf("Trigger", { getUniqueId: () => id, getHandlerFunction: () => run });
          },
        });
      return partOf("TriggerBuilder", {
        timeBased: () =>
          partOf("ClockTriggerBuilder", {
            /** @param {number} minutes */
            everyMinutes(minutes) {
              if (!MINUTES.includes(minutes)) throw new Exception(`Invalid argument: ${minutes} minutes.`);
              return every(minutes);
            },
            /** @param {number} hours */
            everyHours: (hours) => every(hours * 60),
          }),
      });
    },
  };
}
