import { venv } from '../../../images/venv.ts';

/** Both ends of the supported range: distributed 2022.12.1 and 2026.8.0. */
export const ENDS = ['prefect1', 'prefect3'] as const;

export async function pythonOf(end: (typeof ENDS)[number]): Promise<string> {
  return venv(end);
}
