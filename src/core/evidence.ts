import type { Attempt } from '../api/attempt.ts';
import { isLive } from './attempt.ts';
import { type Ending, ending, tryAgain } from './end.ts';
import { endOfKilledWorker } from './killed-worker.ts';
import type { Observed, PodState } from './observed.ts';
import { foreign } from './reasons/reason.ts';
import { type RunResult, resultInMessage } from './result.ts';

/**
 * What shows that the attempt's flow has ended, or undefined while nothing does. The launcher's report through the
 * scheduler comes first (it is there before the kubelet knows), then the terminated container, then a lost pod.
 */
export function evidenceOfEnd(observed: Observed, attempt: Attempt): Ending | undefined {
  const { scheduler, children, run } = observed;
  if (scheduler.kind === 'heard' && scheduler.result !== undefined)
    return fromReport(scheduler.result, observed);
  const { flow } = children;
  // A pod of another UID under the committed name is not the one that ran.
  if (flow.state === 'finished' && (attempt.flowPodUID ?? flow.uid) === flow.uid) {
    const report = resultInMessage(flow.message, run.uid, attempt.number);
    return report === undefined ? fromExit(flow, observed) : fromReport(report, observed);
  }
  if ((flow.state === 'pending' || flow.state === 'running') && !isLive(flow, observed.now)) {
    return ending(
      'FlowPodLost',
      `The flow pod was deleted, and its node${flow.node === undefined ? '' : ` ${flow.node}`} does not confirm its end, so its outcome is unknown.${tryAgain(observed)}`,
    );
  }
  if (attempt.flowPodUID !== undefined && observed.flowPodLost) {
    return ending(
      'FlowPodLost',
      `The flow pod disappeared while it ran, so its outcome is unknown. Somebody deleted it or its node is gone.${tryAgain(observed)}`,
    );
  }
  return undefined;
}

function fromReport(report: RunResult, observed: Observed): Ending | undefined {
  const killed = endOfKilledWorker(report, observed);
  if (killed !== undefined) return killed === 'wait' ? undefined : killed;
  // A launcher that got SIGTERM does not know why. Where the operator wanted a stop, its reason replaces this one.
  if (report.outcome === 'Cancelled') {
    const message = `The flow was stopped from outside before it finished: its pod was deleted, evicted or preempted.${tryAgain(observed)}`;
    return { ...ending('FlowPodLost', message, report.exitCode), result: report };
  }
  return {
    outcome: report.outcome,
    class: report.class ?? 'Flow',
    reason: foreign(report.reason),
    message:
      report.message ||
      (report.outcome === 'Succeeded'
        ? 'The flow succeeded.'
        : `The flow ended with code ${report.exitCode}.`),
    exitCode: report.exitCode,
    result: report,
    final: report.class === 'Spec',
  };
}

/** A container that ended without a report: a program of the user's own, or a launcher that was killed. */
function fromExit(flow: Extract<PodState, { state: 'finished' }>, observed: Observed): Ending {
  const { exitCode, message, reason } = flow;
  if (exitCode === 0) return ending('Succeeded', 'The flow exited with code 0.', 0);
  if (flow.oomKilled) {
    return ending(
      'FlowOutOfMemory',
      'The flow needed more memory than its container may use. Raise spec.flow.resources.limits.memory.',
      exitCode,
    );
  }
  const tail = message.trim() === '' ? '' : ` Its last words: ${message.trim().slice(-1500)}`;
  const killed = exitCode === undefined || exitCode === 143 || exitCode === 137;
  if (killed && reason !== undefined && reason !== 'DeadlineExceeded') {
    return ending(
      'FlowPodLost',
      `The flow pod was ended by the cluster (${reason}${flow.node === undefined ? '' : ` on ${flow.node}`}).${tryAgain(observed)}${tail}`,
      exitCode,
    );
  }
  if (exitCode === undefined || exitCode === 143) {
    return ending(
      'FlowPodLost',
      `The flow pod was stopped from outside before it finished.${tryAgain(observed)}${tail}`,
      exitCode,
    );
  }
  return ending('FlowFailed', `The flow exited with code ${exitCode}.${tail}`, exitCode);
}
