/** What a scheduler that is played says of its tasks while it has none. */
export const NO_TASKS = {
  total: 0,
  waiting: 0,
  queued: 0,
  no_worker: 0,
  processing: 0,
  memory: 0,
  erred: 0,
  finished: 0,
  failed: 0,
};
